"""Ignore rules: the patterns of a ``.gitignore``, as Git applies them to the files of one folder."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    is_negated: bool
    is_for_folders: bool


class IgnoreRules:
    """Rules of one file. The last one that matches a path decides."""

    def __init__(self, text: str) -> None:
        lines = (line.rstrip() for line in text.splitlines())
        self._rules = [_rule(line) for line in lines if line and not line.startswith("#")]

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Return whether ``path``, relative to the folder of the rules, is ignored."""
        for rule in reversed(self._rules):
            if (is_folder or not rule.is_for_folders) and rule.pattern.fullmatch(path):
                return not rule.is_negated
        return False


def _rule(line: str) -> _Rule:
    is_negated = line.startswith("!")
    text = line.removeprefix("!").removeprefix("\\")
    is_for_folders = text.endswith("/")
    text = text.rstrip("/")
    # A pattern with a slash is relative to the folder of the rules; any other matches at every depth.
    prefix = "" if "/" in text else "(?:.*/)?"
    return _Rule(re.compile(prefix + _expression(text.lstrip("/")), re.DOTALL), is_negated, is_for_folders)


def _expression(pattern: str) -> str:
    """Return a glob as a regular expression: ``**`` crosses slashes, ``*`` and ``?`` do not."""
    parts = re.split(r"(/\*\*/|\*\*/|/\*\*|\*\*|\*|\?|\[[^\]]+\])", pattern)
    wild = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(part, _literal(part)) for part in parts)


def _literal(part: str) -> str:
    if part.startswith("[") and part.endswith("]"):
        return "[" + part[1:-1].replace("!", "^", 1).replace("\\", "\\\\") + "]"
    return re.escape(part)
