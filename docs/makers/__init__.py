"""The pages that are made from code, so that they say what is there: settings, commands, routes, labels, modules."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from makers import analytics, commands, events, labels, modules, routes, settings

FOLDER = "generated"

_MAKERS = (routes, analytics, commands, settings, modules, labels, events)
"""The slow ones first: they wait for processes of their own."""


def write_pages(documentation: Path) -> None:
    """Write every generated page below ``documentation``, and remove those that are none any more.

    A page that did not change is left as it is, so that it is not read again.
    """
    folder = documentation / FOLDER
    pages: dict[Path, str] = {}
    with ThreadPoolExecutor(len(_MAKERS)) as pool:
        for made in pool.map(lambda maker: maker.pages(), _MAKERS):
            pages |= {folder / name: text for name, text in made.items()}
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*"):
        if path.is_file() and path not in pages:
            path.unlink()
