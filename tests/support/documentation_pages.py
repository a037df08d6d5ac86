"""Documentation pages as data: their code blocks, links and anchors."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTATION = ROOT / "docs"
MADE = {"generated", "build"}
"""Folders of the documentation that are generated."""

_BLOCK = re.compile(r"^```(\w*|\{\w+\})(?: of (\S+)| \S+)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of code.

    Attributes:
        line: the line of its first line of code, from 1.
        language: the language of the code; for a Sphinx directive, its name in braces.
        source: for an excerpt (a fence such as ``py of src/voxel51/labels/objects.py``), the file it is taken from.
    """

    page: Path
    line: int
    language: str
    source: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Return every page that is not generated, README first."""
    written = [page for page in sorted(DOCUMENTATION.rglob("*.md")) if not MADE & set(page.parts)]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *written]


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the code blocks of ``page`` in one of ``languages``, in order."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(page, text.count("\n", 0, match.start()) + 2, match[1], match[2], match[3])
        for match in _BLOCK.finditer(text)
    ]
    return [block for block in found if block.language in languages]


def section(page: Path, heading: str, *languages: str) -> list[Block]:
    """Return the code blocks of one second-level section of ``page``."""
    text = page.read_text(encoding="utf-8")
    first = text.count("\n", 0, text.index(f"\n## {heading}\n")) + 2
    rest = text.split("\n")[first:]
    length = next((number for number, line in enumerate(rest) if line.startswith("## ")), len(rest))
    return [block for block in blocks(page, *languages) if first < block.line <= first + length]


def links(page: Path) -> list[str]:
    """Return the targets of the links of ``page`` outside code."""
    return _LINK.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """Return the anchors of ``page``, which may follow ``#`` in a link to it."""
    headings = _HEADING.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
