"""JavaScript files: names that they define, strings and comments, each with its line."""

import re
from collections.abc import Iterator

_DEFINITION = re.compile(r"\b(?:function\*?|class|const|let|var)\s+([A-Za-z_$][\w$]*)")
_TOKEN = re.compile(
    r"""
    (?P<comment> //[^\n]* (?:\n[ \t]*//[^\n]*)* | /\*.*?\*/ )
  | (?P<string> "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
  | (?P<regex> (?<=[(,=:\[!&|?{};\n])[ ]*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]* )
  | (?P<template> ` )
  | (?P<open> \{ )
  | (?P<close> \} )
    """,
    re.VERBOSE | re.DOTALL,
)
_TEMPLATE_PART = re.compile(r"(?:\\.|\$(?!\{)|[^`\\$])*", re.DOTALL)


def defined_names(text: str) -> Iterator[tuple[str, int]]:
    """Yield the names of functions, classes and variables."""
    for found in _DEFINITION.finditer(text):
        yield found[1], _line(text, found.start())


def strings_and_comments(text: str) -> Iterator[tuple[str, int]]:
    """Yield each comment and each string that may be a sentence; the pieces of a template one by one."""
    place = 0
    braces: list[str] = []  # for each open brace, whether it belongs to a template: its closing one goes on with it
    while token := _TOKEN.search(text, place):
        place = token.end()
        is_template_part = token.lastgroup == "template"
        if token.lastgroup == "comment" or (token.lastgroup == "string" and " " in token[0]):
            yield token[0].replace("//", "  "), _line(text, token.start())
        elif token.lastgroup == "open":
            braces.append("block")
        elif token.lastgroup == "close":
            is_template_part = bool(braces) and braces.pop() == "template"
        if is_template_part:
            part = _TEMPLATE_PART.match(text, place)
            assert part is not None
            if " " in part[0]:
                yield part[0], _line(text, place)
            place = part.end()
            if text.startswith("${", place):
                braces.append("template")
                place += 2
            else:
                place += 1  # past the closing backtick


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
