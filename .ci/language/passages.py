"""Passages: the parts of a file that people read, each with its line and its kind."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import javascript
import python_source


class Role(Enum):
    """The role of a passage in its file, which selects the rules for it."""

    PROSE = auto()
    DOCSTRING = auto()
    NAME = auto()


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text in a file.

    Attributes:
        line: where it begins, from 1.
        is_one_line: all of the text belongs to ``line``, as in a string with escapes.
    """

    role: Role
    line: int
    text: str
    is_one_line: bool = False


def passages_of(path: Path) -> Iterator[Passage]:
    """Yield the passages of a file, its name included."""
    yield Passage(Role.NAME, 1, path.name.partition(".")[0].replace("-", "_"))
    yield from _READERS.get(path.suffix, _plain)(path.read_text(encoding="utf-8"))


def _python(text: str) -> Iterator[Passage]:
    tree = ast.parse(text)
    for name, line in python_source.defined_names(tree):
        yield Passage(Role.NAME, line, name)
    for docstring, line in python_source.docstrings(tree):
        yield Passage(Role.DOCSTRING, line, without_code(docstring))
    for string, line in python_source.strings(tree):
        yield Passage(Role.PROSE, line, without_code(string), is_one_line=True)
    for comment, line in python_source.comments(text):
        yield Passage(Role.PROSE, line, without_code(comment))


def _javascript(text: str) -> Iterator[Passage]:
    for name, line in javascript.defined_names(text):
        yield Passage(Role.NAME, line, name)
    for found, line in javascript.strings_and_comments(text):
        yield Passage(Role.PROSE, line, without_code(found))


def _css(text: str) -> Iterator[Passage]:
    for comment in re.finditer(r"/\*.*?\*/", text, re.DOTALL):
        yield Passage(Role.PROSE, text.count("\n", 0, comment.start()) + 1, without_code(comment[0]))


def _html(text: str) -> Iterator[Passage]:
    """Tags become spaces; the attributes that are shown to people stay."""

    def shown(tag: re.Match[str]) -> str:
        blank = re.sub(r"[^\n]", " ", tag[0])
        for attribute in re.finditer(r'\b(?:title|alt|placeholder|aria-label|content)="([^"]*)"', tag[0]):
            blank = blank[: attribute.start(1)] + attribute[1] + blank[attribute.end(1) :]
        return blank

    yield Passage(Role.PROSE, 1, re.sub(r"<[^>!][^>]*>", shown, _blank(r"<(script|style)\b.*?</\1>", text)))


def _markdown(text: str) -> Iterator[Passage]:
    yield Passage(Role.PROSE, 1, without_code(_blank(r"^( *)(```+|~~~+).*?^\1\2", text)))


def _plain(text: str) -> Iterator[Passage]:
    yield Passage(Role.PROSE, 1, text)


def without_code(text: str) -> str:
    """Return ``text`` with quoted code blanked, so that names of the wire may be quoted."""
    return _blank(r"(`+)[^`]+\1", text)


def _blank(pattern: str, text: str) -> str:
    """Return ``text`` with what matches replaced by dots; line breaks stay."""
    return re.sub(pattern, lambda found: re.sub(r"[^\n]", "·", found[0]), text, flags=re.DOTALL | re.MULTILINE)


_READERS: Mapping[str, Callable[[str], Iterator[Passage]]] = {
    ".py": _python,
    ".pyi": _python,
    ".js": _javascript,
    ".css": _css,
    ".html": _html,
    ".md": _markdown,
}
"""Suffix -> reader of that kind of file. Others are read as they are."""
