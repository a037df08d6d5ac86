"""Source filters: rewrite the text of pages before Sphinx parses it."""

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def rewrite_repository_links(app: Any, page: str, source: list[str]) -> None:
    """Replace links to repository files outside the documentation with the path of the file.

    Such links work when a page is viewed in the repository, but have no target on the site.
    """
    documentation = Path(app.srcdir).resolve()
    folder = (documentation / page).parent

    def replace(link: re.Match[str]) -> str:
        if "://" in link[2] or link[2].startswith("mailto:"):
            return link[0]
        target = (folder / link[2]).resolve()
        if target.is_relative_to(documentation) or not target.exists():
            return link[0]
        path = target.relative_to(documentation.parent).as_posix()
        return f"`{path}`" if path == link[1].strip("`") else f"{link[1]} (`{path}`)"

    source[0] = _LINK.sub(replace, source[0])


def skip_empty_toctree_globs(app: Any, page: str, source: list[str]) -> None:
    """Remove patterns without matches from the front page's toctrees, which Sphinx would report as warnings."""
    if page == "index":
        lines = source[0].splitlines(keepends=True)
        source[0] = "".join(line for line in lines if "*" not in line or line[0] == "-" or _matches(app, line.strip()))


def _matches(app: Any, pattern: str) -> bool:
    return any(Path(app.srcdir).glob(f"{pattern}.md"))
