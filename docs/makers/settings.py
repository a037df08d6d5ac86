"""The page of all settings of the platform."""

from dataclasses import fields

from voxel51.server.settings import PREFIX, Settings


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    lines = [
        "# Settings",
        "",
        "A setting is given as an option of `voxel51 server start` where that has one, else as an environment variable, else",
        "it has its default.",
        "",
    ]
    for setting in fields(Settings):
        default = f"`{setting.default}`" if str(setting.default) else "empty"
        lines += [f"## {PREFIX}{setting.name.upper()}", "", f"{_plain(setting.metadata['help'])}. Default: {default}.", ""]
    return {"settings.md": "\n".join(lines)}


def _plain(text: str) -> str:
    text = text.replace("*", r"\*").replace("<", r"\<")
    return text[0].upper() + text[1:]
