"""The page of the command line: the help of every command, as the command prints it."""

import os
import subprocess
import sys


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S603  (our own interpreter and module)
        [sys.executable, "-m", "voxel51.cli.main", "--all-help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = ["# Command line", "", "Every command prints this by `--help`.", ""]
    for text in done.stdout.split("usage: ")[1:]:
        lines += [f"## {_name(text)}", "", "```text", f"usage: {text.rstrip()}", "```", ""]
    return {"command-line.md": "\n".join(lines)}


def _name(text: str) -> str:
    words = []
    for word in text.split():
        if word.startswith(("[", "<", "-")) or word.isupper():
            break
        words.append(word)
    return " ".join(words)
