"""What this distribution says of itself, as installed."""

from importlib.metadata import metadata

_METADATA = metadata("voxel51-platform")


def _told(field: str) -> str:
    return str((_METADATA.get_all(field) or [""])[0])


NAME = _told("Name")
VERSION = _told("Version")
DESCRIPTION = _told("Summary")
AUTHOR = _told("Author")
CONTACT = _told("Author-email")
URL = _told("Home-page")
LICENSE = _told("License-Expression")
VERSION_LONG = f"{NAME} v{VERSION}"
