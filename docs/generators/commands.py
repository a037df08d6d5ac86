"""Reference pages of the command line: the help text of every command."""

import os
import subprocess
import sys
from functools import cache

from generators.markdown import toctree

_INTRODUCTION = """# Command line

`--help` prints the help of a command, and `voxel51 --all-help` prints the help of all commands. Exit status: 0 success,
1 failure, 2 invalid usage, 130 interrupted.
"""


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    by_noun: dict[str, list[str]] = {}
    for text in help_of(everything=True).split("usage: ")[1:]:
        name = _name(text)
        noun = name.partition(" ")[2].partition(" ")[0]
        level = "##" if name.count(" ") > 1 or not noun else "#"
        by_noun.setdefault(noun, []).extend([f"{level} {name}", "", "```text", f"usage: {text.rstrip()}", "```", ""])
    nouns = [noun for noun in by_noun if noun]
    index = [_INTRODUCTION, *by_noun.pop(""), *toctree(f"commands/{noun}" for noun in nouns)]
    return {"command-line.md": "\n".join(index)} | {f"commands/{noun}.md": "\n".join(by_noun[noun]) for noun in nouns}


@cache
def help_of(*words: str, everything: bool = False) -> str:
    """Return the help text of a command."""
    done = subprocess.run(  # noqa: S603  (our own interpreter and module)
        [sys.executable, "-m", "voxel51.cli.main", *words, "--all-help" if everything else "--help"],
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.replace("main.py", "voxel51")


def _name(text: str) -> str:
    words = []
    for word in text.split():
        if not word.replace("-", "").isalnum() or word.startswith("-") or word.isupper():
            break
        words.append(word)
    return " ".join(words)
