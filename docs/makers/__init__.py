"""The pages that are made from code, so that they say what is there: settings, commands, routes, analytics, modules."""

from pathlib import Path

from makers import analytics, commands, modules, routes, settings

FOLDER = "generated"


def write_pages(documentation: Path) -> None:
    """Write every generated page below ``documentation``; a page that did not change is left as it is."""
    pages: dict[str, str] = {}
    for maker in (settings, commands, routes, analytics, modules):
        pages |= maker.pages()
    for name, text in pages.items():
        path = documentation / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
