"""A page for each module of the client and of the rooms that analytics are written with."""

import importlib
import pkgutil

ROOMS = {"users": "For people", "apps": "For applications", "labels": "Labels", "platform": "Inside a job"}


def pages() -> dict[str, str]:
    """File name -> Markdown or reStructuredText."""
    made: dict[str, str] = {}
    index = ["# Python", ""]
    for room, title in ROOMS.items():
        names = _modules(f"voxel51.{room}")
        made |= {f"python/{name}.rst": _page(name) for name in names}
        index += [f"## {title}", "", "```{toctree}", ":maxdepth: 1", "", *names, "```", ""]
    return {**made, "python/index.md": "\n".join(index)}


def _modules(room: str) -> list[str]:
    package = importlib.import_module(room)
    found = [each.name for each in pkgutil.walk_packages(package.__path__, f"{room}.")]
    return [name for name in found if "._" not in name]


def _page(name: str) -> str:
    return f"{name}\n{'=' * len(name)}\n\n.. automodule:: {name}\n"
