"""Vocabulary: words to avoid, the replacement for each, and the exemptions, from a TOML file."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Self

from passages import Passage, Role

_WORD_IN_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Finding:
    """A text to change, its line, and the replacement."""

    line: int
    text: str
    replacement: str


Rules = Mapping[re.Pattern[str], str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The rules of ``vocabulary.toml``, each a pattern with the replacement to name.

    Attributes:
        phrases: matched in all texts, and in the words of a name (``is_no_video``).
        openings: matched at the beginning of a docstring.
        names: matched against whole names, without leading underscores.
        exempt: pattern of a path -> texts that may stand there.
    """

    phrases: Rules
    openings: Rules
    names: Rules
    exempt: Mapping[str, list[str]]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a vocabulary file."""
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(
            phrases={_phrase(each): write for each, write in found["phrases"].items()},
            openings={_phrase(each): write for each, write in found["openings"].items()},
            names={re.compile(each): write for each, write in found["names"].items()},
            exempt=found["exempt"],
        )

    def check(self, passage: Passage, path: str) -> Iterator[Finding]:
        """Yield the findings in a passage of the file at ``path``, except those that are exempt there."""
        allowed = {text.lower() for each, texts in self.exempt.items() if fnmatch(path, each) for text in texts}
        for finding in self._findings(passage):
            if finding.text.lower() not in allowed:
                yield finding

    def _findings(self, passage: Passage) -> Iterator[Finding]:
        return self._findings_in_name(passage) if passage.role is Role.NAME else self._findings_in_text(passage)

    def _findings_in_name(self, passage: Passage) -> Iterator[Finding]:
        bare = passage.text.strip("_")
        words = " ".join(_WORD_IN_NAME.findall(passage.text))
        replacements = [write for pattern, write in self.names.items() if pattern.fullmatch(bare)]
        replacements += [write for pattern, write in self.phrases.items() if pattern.search(words)]
        if replacements:
            yield Finding(passage.line, passage.text, replacements[0])

    def _findings_in_text(self, passage: Passage) -> Iterator[Finding]:
        text, lines = _on_one_line(passage)
        for pattern, write in self.phrases.items():
            for found in pattern.finditer(text):
                yield Finding(lines[text.count(" ", 0, found.start())], found[0], write)
        if passage.role is Role.DOCSTRING:
            for pattern, write in self.openings.items():
                if found := pattern.match(text):
                    yield Finding(passage.line, f"{found[0]} … (opens a docstring)", write)


def _on_one_line(passage: Passage) -> tuple[str, list[int]]:
    """Return the words of a passage, one space between them, and the line of each."""
    words: list[str] = []
    lines: list[int] = []
    for number, line in enumerate(passage.text.split("\n")):
        for word in line.lstrip(" #*").split():
            words.append(word)
            lines.append(passage.line + (0 if passage.is_one_line else number))
    return " ".join(words), lines


def _phrase(pattern: str) -> re.Pattern[str]:
    """Compile a phrase to match whole words in any case."""
    return re.compile(rf"(?<![\w-])(?<!\w')(?:{pattern})(?![\w-]|'\w)", re.IGNORECASE)
