"""The documentation as data: its pages, their code blocks and their links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTATION = ROOT / "docs"
MADE = {"generated", "build"}
"""Folders of the documentation that no person writes to."""

_BLOCK = re.compile(r"^```(\w*|\{\w+\})(?: of (\S+)| \S+)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of code.

    Attributes:
        line: that of its first line of code, from 1.
        language: that of the code; for a directive of Sphinx, its name in braces.
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
    """Every page that people wrote, README first."""
    written = [page for page in sorted(DOCUMENTATION.rglob("*.md")) if not MADE & set(page.parts)]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *written]


def blocks(page: Path, *languages: str) -> list[Block]:
    """The code blocks of ``page`` in one of ``languages``, in their order."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(page, text.count("\n", 0, match.start()) + 2, match[1], match[2], match[3])
        for match in _BLOCK.finditer(text)
    ]
    return [block for block in found if block.language in languages]


def section(page: Path, heading: str, *languages: str) -> list[Block]:
    """The code blocks of one section of second order of ``page``."""
    text = page.read_text(encoding="utf-8")
    first = text.count("\n", 0, text.index(f"\n## {heading}\n")) + 2
    rest = text.split("\n")[first:]
    length = next((number for number, line in enumerate(rest) if line.startswith("## ")), len(rest))
    return [block for block in blocks(page, *languages) if first < block.line <= first + length]


def links(page: Path) -> list[str]:
    """Where ``page`` links to, code left out."""
    return _LINK.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """What can follow ``#`` in a link to ``page``."""
    headings = _HEADING.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
