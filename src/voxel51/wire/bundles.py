"""Bundles: sources of analytics that users deploy, and the builds of their environments."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NotRequired, TypedDict

_EXCLUDED_FOLDERS = frozenset({
    ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "__MACOSX", ".mypy_cache", ".pytest_cache",
    ".ruff_cache", ".tox", ".nox", ".idea", ".vscode", ".ipynb_checkpoints",
})  # fmt: skip
_EXCLUDED_FILES = frozenset({".DS_Store", "Thumbs.db"})
_EXCLUDED_SUFFIXES = (".pyc", ".pyo")


class BundleDeployers(StrEnum):
    """Users who may deploy bundles."""

    AUTO = "auto"  # members where a sandbox confines jobs, otherwise operators
    OPERATORS = "operators"
    MEMBERS = "members"  # and operators and applications
    NONE = "none"  # deploying is switched off


class BuildState(StrEnum):
    """State of the build of a bundle."""

    QUEUED = "QUEUED"
    BUILDING = "BUILDING"
    READY = "READY"
    FAILED = "FAILED"


class BuildFailure(TypedDict):
    """Reason why a build failed, and the place in the bundle that caused it, where known.

    ``field`` is the path of a field of the manifest, such as ``parameters[0].default``. ``waits_since`` is when a build
    that is queued began to wait for the package index.
    """

    message: str
    file: NotRequired[str]
    line: NotRequired[int]
    field: NotRequired[str]
    waits_since: NotRequired[str]


class Build(TypedDict):
    """Build of a bundle. ``error`` is present where it failed, and where it waits, as the package index is away."""

    state: BuildState
    queued_at: str
    started_at: str | None
    ended_at: str | None
    error: NotRequired[BuildFailure]


class BuildResponse(TypedDict):
    """Response of ``GET analytics/<id>/build``."""

    build: Build


class BuildLogPart(TypedDict):
    """Part of the log of a build, from a byte offset on. ``next_offset`` is that of the next part.

    ``is_complete``: the build has ended and this is the last part.
    """

    text: str
    next_offset: int
    is_complete: bool


def is_excluded(parts: Sequence[str]) -> bool:
    """Return whether the file with these parts of its path never belongs to a bundle: version control, caches, …"""
    name = parts[-1]
    return (
        any(part in _EXCLUDED_FOLDERS for part in parts[:-1])
        or name in _EXCLUDED_FILES
        or name.endswith(_EXCLUDED_SUFFIXES)
    )
