"""Architecture pages: the files and packages that they name exist, and every package is on the map."""

import re
from pathlib import Path

import pytest

from support.documentation_pages import ROOT

PAGES = sorted((ROOT / "docs" / "architecture").glob("*.md"))
SOURCE = ROOT / "src" / "voxel51"
FOLDERS = (
    ROOT,
    SOURCE,
    *(SOURCE / name for name in ("server", "server/engine", "users")),
    ROOT / "docs",
    ROOT / "tests",
)
"""Folders to which the paths in the pages are relative."""
NOT_IN_REPOSITORY = ("docs/build", "docs/generated", "storage/incoming")
"""Paths created by a build or a running platform."""

_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
_SUFFIXES = (".py", ".js", ".css", ".html", ".md", ".toml", ".bash", ".txt")


def named_paths(page: Path) -> set[str]:
    """Return the quoted words of a page that are paths: by suffix, by their first folder, or on the map by a slash."""
    words = {word for word in _CODE.findall(page.read_text(encoding="utf-8")) if _PATH.fullmatch(word)}
    folders = {path.name for folder in FOLDERS for path in folder.iterdir() if path.is_dir()}
    return {
        word
        for word in words
        if word.endswith(_SUFFIXES)
        or ("/" in word.rstrip("/") and word.split("/")[0] in folders)
        or (page.stem == "00-map" and word.endswith("/"))
    }


def exists(path: str) -> bool:
    """Return whether a path exists below one of the folders. A file may be named by the end of its path alone."""
    if path.startswith(NOT_IN_REPOSITORY) or any((folder / path).exists() for folder in FOLDERS):
        return True
    if path.endswith(_SUFFIXES):
        files = (file for name in ("src", "tests") for file in (ROOT / name).rglob(Path(path).name))
        return any(file.as_posix().endswith("/" + path) for file in files)
    return any((folder / f"{path}.py").exists() for folder in FOLDERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_path_in_an_architecture_page_exists(page: Path) -> None:
    missing = [path for path in sorted(named_paths(page)) if not exists(path)]
    assert not missing, f"{page.name} names {', '.join(missing)}"


@pytest.mark.parametrize("folder", [SOURCE, SOURCE / "server"], ids=["voxel51", "server"])
def test_every_package_is_on_the_map(folder: Path) -> None:
    text = (ROOT / "docs" / "architecture" / "00-map.md").read_text(encoding="utf-8")
    packages = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    assert [name for name in packages if f"`{name}/" not in text] == []
