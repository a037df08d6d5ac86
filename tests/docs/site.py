"""Parser of the built site: pages, links, anchors and headings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_HEADINGS = {"h1", "h2", "h3"}
_LOADED = {"script": "src", "link": "href", "img": "src", "source": "src", "iframe": "src"}
_NOT_LOADED = {"search", "index", "next", "prev", "canonical", "author", "copyright"}


@dataclass
class Page:
    """One page.

    Attributes:
        anchors: what may follow ``#`` in a link to it.
        links: where it leads, as it stands there.
        loads: what a browser gets with it.
        headings: of the first three orders, without the sign that links to them.
    """

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Site:
    """All pages of a site, by path relative to ``folder``."""

    folder: Path
    pages: dict[str, Page]

    def headings(self, below: str) -> set[str]:
        """Return the headings of all pages whose path starts with ``below``."""
        return {each for name, page in self.pages.items() if name.startswith(below) for each in page.headings}

    def broken(self) -> Iterator[str]:
        """Yield every broken link or resource as ``page -> target``."""
        for name, page in self.pages.items():
            for link in [*page.links, *page.loads]:
                if not self._exists(page, link):
                    yield f"{name} -> {link}"

    def _exists(self, page: Page, link: str) -> bool:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return True
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        aim = self.pages.get(target.relative_to(self.folder).as_posix()) if target.is_file() else None
        return target.is_file() and (not parts.fragment or aim is None or unquote(parts.fragment) in aim.anchors)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._heading: list[str] | None = None
        self._is_in_permalink = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self._page.anchors.add(said.get("id", ""))
        if tag == "a" and "href" in said:
            self._page.links.append(said["href"])
            self._is_in_permalink = "headerlink" in said.get("class", "")
        elif tag in _LOADED and _LOADED[tag] in said and not _NOT_LOADED & set(said.get("rel", "").split()):
            self._page.loads.append(said[_LOADED[tag]])
        elif tag in _HEADINGS:
            self._heading = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._is_in_permalink = False
        elif tag in _HEADINGS and self._heading is not None:
            self._page.headings.append("".join(self._heading).strip())
            self._heading = None

    def handle_data(self, data: str) -> None:
        if self._heading is not None and not self._is_in_permalink:
            self._heading.append(data)


def read_site(folder: Path) -> Site:
    """Parse all pages of a built site."""
    pages: dict[str, Page] = {}
    for path in sorted(folder.resolve().rglob("*.html")):
        page = pages[path.relative_to(folder.resolve()).as_posix()] = Page(path)
        _Reader(page).feed(path.read_text(encoding="utf-8"))
    return Site(folder.resolve(), pages)
