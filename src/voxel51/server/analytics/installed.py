"""Installed analytics: find those that installed packages offer, through a child process that imports their code."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TypedDict, cast

from voxel51.server.analytics.description_cache import DescriptionCache, fingerprint_installation
from voxel51.wire.analytics import AnalyticDocument

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class InstalledAnalytic:
    """Analytic of an installed package.

    Attributes:
        entry_point: ``<owner>/<name>``.
        document: what it takes and produces.
        preload_safe: whether a process that imported it still has one thread, so that it may fork jobs.
    """

    entry_point: str
    document: AnalyticDocument
    preload_safe: bool


class _Description(TypedDict):
    """Output of ``python -m voxel51.platform.describe`` for one analytic; ``error`` tells why it has no document."""

    name: str
    document: AnalyticDocument
    preload_safe: bool
    error: str | None


def find_installed(cache: DescriptionCache | None = None) -> list[InstalledAnalytic]:
    """Return every installed analytic that describes itself; log the names of the others.

    The descriptions come from ``cache`` where they are still valid.

    Raises:
        RuntimeError: the child process failed as a whole.
    """
    descriptions = _describe_installed() if cache is None else _describe_with(cache)
    return [_read(description) for description in descriptions if not _is_broken(description)]


def _describe_with(cache: DescriptionCache) -> list[_Description]:
    fingerprint = fingerprint_installation()
    descriptions = cache.read(fingerprint)
    if descriptions is None:
        descriptions = _describe_installed()
        # The cause of an error may be outside of the packages, and pass.
        if not any(description.get("error") for description in descriptions):
            cache.write(fingerprint, descriptions)
    return cast("list[_Description]", descriptions)


def _describe_installed() -> list[_Description]:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "voxel51.platform.installed_analytics"]
    try:
        done = subprocess.run(  # noqa: S603  (our own interpreter and module)
            command, env=environment, capture_output=True, timeout=_TIMEOUT_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"describing the installed analytics failed: {error.stderr.decode()[-2000:]}") from None
    descriptions: list[_Description] = json.loads(done.stdout)["analytics"]
    return descriptions


def _is_broken(description: _Description) -> bool:
    if description.get("error"):
        log.warning("the installed analytic %s cannot be used: %s", description["name"], description["error"])
    return bool(description.get("error"))


def _read(description: _Description) -> InstalledAnalytic:
    return InstalledAnalytic(description["name"], description["document"], description["preload_safe"])
