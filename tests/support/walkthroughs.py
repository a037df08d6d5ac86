"""Walkthroughs: the steps of documentation pages that a reader follows from top to bottom, as data.

A step is a fenced block. A comment before it says what the reader does besides copying it:

* ``<!-- file: path -->``: the reader saves the block under that name;
* ``<!-- background: name -->``: it keeps running in another terminal, and has started once it prints the next block;
* ``<!-- stop: name -->``: the reader presses Ctrl-C there, before anything else;
* ``<!-- not run: reason -->``: tests cannot execute this step.

A ``text`` block is the output of the step before it; ``...`` stands for any text. At the top of a page,
``<!-- needs: video, operator -->`` names the requirements of the page (`walkthrough_fixtures.Provisions`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.documentation_pages import ROOT

FOLDERS = ("tutorial", "how-to", "operations")
SINGLE_PAGES = ("security.md", "migrate-from-the-hosted-platform.md")

_NEEDS = re.compile(r"^<!-- needs: (.+) -->$", re.MULTILINE)
_STEP = re.compile(
    r"^<!-- (?P<stop>stop): (?P<stopped>[^\n]+) -->$"
    r"|(?:^<!-- (?P<word>file|background|not run): (?P<said>[^\n]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a page.

    Attributes:
        line: the line of the step in the page, from 1.
        word: ``run``, or the first word of the comment before it.
        said: the rest of the comment.
        language: language of the block; empty for a ``stop``.
        prints: output of the step according to the page; None if the page does not show it.
    """

    page: Path
    line: int
    word: str
    said: str
    language: str
    text: str
    prints: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def walkthroughs() -> list[Path]:
    """Return the pages whose blocks form one walkthrough."""
    docs = ROOT / "docs"
    single = [docs / name for name in SINGLE_PAGES if (docs / name).is_file()]
    return [*(page for folder in FOLDERS for page in sorted((docs / folder).glob("*.md"))), *single]


def needs(page: Path) -> set[str]:
    """Return the requirements of ``page``."""
    said = _NEEDS.search(page.read_text(encoding="utf-8"))
    return {each.strip() for each in said[1].split(",")} if said else set()


def steps(page: Path) -> Iterator[Step]:
    """Yield the steps of ``page``, each with its expected output."""
    text = page.read_text(encoding="utf-8")
    found = list(_STEP.finditer(text))
    for number, match in enumerate(found):
        follower = found[number + 1] if number + 1 < len(found) else None
        prints = follower["text"] if follower is not None and follower["language"] == "text" else None
        if match["language"] == "text":
            assert number, f"{page.name} begins with output"
            continue
        yield Step(
            page=page,
            line=text.count("\n", 0, match.start()) + 1,
            word=match["stop"] or match["word"] or "run",
            said=match["stopped"] or match["said"] or "",
            language=match["language"] or "",
            text=match["text"] or "",
            prints=prints,
        )
