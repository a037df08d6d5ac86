"""Markdown out of what stands in code."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

_CODE = re.compile(r"(`+.*?`+)", re.DOTALL)


def plain(text: Any) -> str:
    """Text of a docstring or a description as Markdown: nothing in it but code is taken for markup."""
    pieces = _CODE.split(re.sub(r"\s+", " ", str(text)).strip())
    return "".join(piece if piece.startswith("`") else re.sub(r"([<>*_|\[\]])", r"\\\1", piece) for piece in pieces)


def sentence(text: Any) -> str:
    """The same, from a capital letter to a full stop."""
    made = plain(text)
    return f"{made[:1].upper()}{made[1:]}{'' if made.endswith(('.', '!', '?', ':')) else '.'}"


def code(value: Any) -> str:
    """``value`` as code."""
    return f"`{value}`"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table, and an empty one; nothing where there are no rows."""
    lines = [" | ".join(cell.replace("\n", " ") for cell in row) for row in rows]
    if not lines:
        return []
    return [f"| {' | '.join(heading)} |", f"|{'---|' * len(heading)}", *(f"| {line} |" for line in lines), ""]


def toctree(entries: Iterable[str], depth: int = 1) -> list[str]:
    """The lines of a list of pages."""
    return ["```{toctree}", f":maxdepth: {depth}", "", *entries, "```", ""]
