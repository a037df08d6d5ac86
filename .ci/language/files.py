"""Files to check: every text file below a folder that a person wrote, by its suffix."""

from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = {".py", ".pyi", ".js", ".html", ".css", ".md", ".toml", ".yml", ".yaml", ".sh", ".bash", ".cfg", ".ini"}
SKIPPED_FILES = {"vocabulary.toml"}  # lists the words to avoid
NAMES = {"Makefile", "Dockerfile", "run", "find-python"}
SKIPPED_FOLDERS = {
    ".venv",
    ".cache",
    ".git",
    "__pycache__",
    "build",
    "bundle",
    "dist",
    "generated",
    "node_modules",
    "demo-output",
}


class UnknownPath(SystemExit):
    """A path on the command line does not exist."""


def text_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield each file in ``paths``, and each text file below each folder in ``paths``, sorted.

    Raises:
        UnknownPath: a path does not exist.
    """
    for path in paths:
        if path.is_dir():
            yield from (each for each in sorted(path.rglob("*")) if is_checked(each, path))
        elif path.is_file():
            yield path
        else:
            raise UnknownPath(f"not found: {path}")


def is_checked(file: Path, folder: Path) -> bool:
    """Return whether ``file``, found below ``folder``, has text that a person wrote."""
    parts = file.relative_to(folder).parts
    is_text = (file.suffix in SUFFIXES or file.name in NAMES) and file.name not in SKIPPED_FILES
    return is_text and file.is_file() and not SKIPPED_FOLDERS.intersection(parts) and ".min." not in file.name
