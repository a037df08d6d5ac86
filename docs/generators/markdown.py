"""Markdown helpers for the generators."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

_CODE = re.compile(r"(`+.*?`+)", re.DOTALL)


def plain(text: Any) -> str:
    """Escape text for Markdown, except code in backquotes."""
    pieces = _CODE.split(re.sub(r"\s+", " ", str(text)).strip())
    return "".join(piece if piece.startswith("`") else re.sub(r"([<>*_|\[\]])", r"\\\1", piece) for piece in pieces)


def sentence(text: Any) -> str:
    """Escape text for Markdown, capitalize it and end it with a full stop."""
    escaped = plain(text)
    return f"{escaped[:1].upper()}{escaped[1:]}{'' if escaped.endswith(('.', '!', '?', ':')) else '.'}"


def code(value: Any) -> str:
    """Format ``value`` as code."""
    return f"`{value}`"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table and an empty line, or no lines if there are no rows."""
    lines = [" | ".join(cell.replace("\n", " ") for cell in row) for row in rows]
    if not lines:
        return []
    return [f"| {' | '.join(heading)} |", f"|{'---|' * len(heading)}", *(f"| {line} |" for line in lines), ""]


def toctree(entries: Iterable[str], depth: int = 1) -> list[str]:
    """Return the lines of a toctree."""
    return ["```{toctree}", f":maxdepth: {depth}", "", *entries, "```", ""]
