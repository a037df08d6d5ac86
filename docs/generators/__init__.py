"""Generated pages: settings, commands, HTTP routes, analytics, labels, events, Python modules and notebooks."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from generators import analytics, commands, events, labels, modules, notebooks, routes, settings

FOLDER = "generated"

_GENERATORS = (routes, analytics, commands, settings, modules, labels, events, notebooks)
"""Slow generators first, because they wait for child processes."""


def write_pages(documentation: Path) -> None:
    """Write all generated pages below ``documentation`` and remove obsolete ones.

    Unchanged pages are not rewritten, so that Sphinx does not parse them again.
    """
    folder = documentation / FOLDER
    pages: dict[Path, str] = {}
    with ThreadPoolExecutor(len(_GENERATORS)) as pool:
        for generated in pool.map(lambda generator: generator.pages(), _GENERATORS):
            pages |= {folder / name: text for name, text in generated.items()}
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file() and path not in pages:
            path.unlink()
