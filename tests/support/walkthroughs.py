"""Pages that lead their reader through something, as data: their steps, in order.

A step is a fenced block. What a person does beside copying it stands in a comment in front of it:

* ``<!-- file: path -->``: the reader saves the block under that name;
* ``<!-- background: name -->``: it goes on in a terminal of its own, and has begun when it printed what follows;
* ``<!-- stop: name -->``: the reader presses Ctrl-C there, before anything else;
* ``<!-- not run: reason -->``: no test machine can do this.

A ``text`` block says what the step before it prints; ``...`` stands for anything. On top of a page
``<!-- needs: video, operator -->`` names what its reader has already (`reader.PROVIDED`).
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
    """One thing that a reader does.

    Attributes:
        line: the line of the step in the page, from 1.
        word: ``run``, or that of the comment before it.
        said: what follows the word.
        language: of the block; empty for a ``stop``.
        prints: what the page says that is printed; None where it says nothing.
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
    """Every page whose blocks belong together."""
    docs = ROOT / "docs"
    single = [docs / name for name in SINGLE_PAGES if (docs / name).is_file()]
    return [*(page for folder in FOLDERS for page in sorted((docs / folder).glob("*.md"))), *single]


def needs(page: Path) -> set[str]:
    """Return the requirements of ``page``."""
    said = _NEEDS.search(page.read_text(encoding="utf-8"))
    return {each.strip() for each in said[1].split(",")} if said else set()


def steps(page: Path) -> Iterator[Step]:
    """The steps of ``page``, each with what it prints."""
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
