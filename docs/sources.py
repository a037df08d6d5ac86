"""What is done to the text of our pages before Sphinx reads it."""

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def name_what_is_outside(app: Any, page: str, source: list[str]) -> None:
    """Links to files that are no pages lead there in the repository; on the site they name the file."""
    documentation = Path(app.srcdir).resolve()
    folder = (documentation / page).parent

    def named(link: re.Match[str]) -> str:
        if "://" in link[2] or link[2].startswith("mailto:"):
            return link[0]
        target = (folder / link[2]).resolve()
        if target.is_relative_to(documentation) or not target.exists():
            return link[0]
        path = target.relative_to(documentation.parent).as_posix()
        return f"`{path}`" if path == link[1].strip("`") else f"{link[1]} (`{path}`)"

    source[0] = _LINK.sub(named, source[0])


def leave_out_empty_folders(app: Any, page: str, source: list[str]) -> None:
    """A list of pages by a pattern that matches none is no mistake of the front page."""
    if page == "index":
        lines = source[0].splitlines(keepends=True)
        source[0] = "".join(line for line in lines if "*" not in line or line[0] == "-" or _matches(app, line.strip()))


def _matches(app: Any, pattern: str) -> bool:
    return any(Path(app.srcdir).glob(f"{pattern}.md"))
