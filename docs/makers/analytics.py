"""A page for each analytic that is installed, from its manifest."""

from typing import Any

from voxel51.server.analytics.installed import find_installed

_INTERNAL = "voxel51/rendition"


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    found = {each.entry_point: each.document for each in find_installed() if each.entry_point != _INTERNAL}
    made = {f"analytics/{name.split('/')[1]}.md": _page(name, document) for name, document in found.items()}
    index = ["# Analytics", "", "What comes with the platform.", "", "```{toctree}", ":maxdepth: 1", ""]
    index += [page.removeprefix("analytics/").removesuffix(".md") for page in sorted(made)]
    return {**made, "analytics/index.md": "\n".join([*index, "```", ""])}


def _page(name: str, document: Any) -> str:
    info = document["info"]
    lines = [f"# {name}", "", f"Version {info['version']}. {info['description']}", ""]
    for heading in ("inputs", "parameters", "outputs"):
        if document[heading]:
            lines += [f"## {heading.capitalize()}", "", *(_field(each) for each in document[heading]), ""]
    return "\n".join(lines)


def _field(field: Any) -> str:
    notes = [field["type"].removeprefix("types.")]
    if field.get("required"):
        notes.append("required")
    if field.get("default") is not None:
        notes.append(f"default `{field['default']}`")
    return f"- **`{field['name']}`** ({', '.join(notes)}): {field['description']}"
