"""Metadata of the installed distribution: name, version, author, licence."""

from importlib.metadata import metadata

_METADATA = metadata("voxel51-platform")


def _field(field: str) -> str:
    return str((_METADATA.get_all(field) or [""])[0])


NAME = _field("Name")
VERSION = _field("Version")
DESCRIPTION = _field("Summary")
AUTHOR = _field("Author")
CONTACT = _field("Author-email")
URL = _field("Home-page")
LICENSE = _field("License-Expression")
VERSION_LONG = f"{NAME} v{VERSION}"
