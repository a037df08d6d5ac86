"""Versions: that of Ray, read from its metadata because its import takes seconds, and where a cluster keeps them."""

from importlib.metadata import PackageNotFoundError, version

NAMESPACE = "voxel51"
"""Namespace of the platform's actors and keys in a cluster."""

VERSIONS_KEY = b"voxel51-versions"
"""Key of the versions that the platform wrote into the cluster."""

WRONG_TOKEN = 3
"""Exit code of an examination: the head refused the token."""

NO_ANSWER = 4
"""Exit code of an examination: the head did not answer."""


def ray_version() -> str:
    """Return the name and version of Ray; empty if it is not installed."""
    try:
        return f"Ray {version('ray')}"
    except PackageNotFoundError:
        return ""
