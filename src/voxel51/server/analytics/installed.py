"""Installed analytics: find those that installed packages offer, through a child process that imports their code."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypedDict, cast

import voxel51
from voxel51.server.analytics.description_cache import DescriptionCache, fingerprint_installation
from voxel51.server.analytics.weights_in_use import WeightsByValue
from voxel51.wire.analytics import AnalyticDocument

log = logging.getLogger(__name__)

IMPORT_SECONDS = 30.0
"""Time that the import of one analytic may take."""

_TIMEOUT_SECONDS = 300.0
"""Time limit of describing all analytics, in addition to that of the last one, which may be ten times as long on a busy
machine.
"""


@dataclass(frozen=True, slots=True)
class InstalledAnalytic:
    """Analytic of an installed package.

    Attributes:
        entry_point: ``<owner>/<name>``.
        document: what it takes and produces.
        preload_safe: whether a process that imported it still has one thread, so that it may fork jobs.
        weights: the model weights that its parameters select.
    """

    entry_point: str
    document: AnalyticDocument
    preload_safe: bool
    weights: WeightsByValue = field(default_factory=dict)


class _Description(TypedDict):
    """Output of ``python -m voxel51.platform.describe`` for one analytic; ``error`` tells why it has no document."""

    name: str
    document: AnalyticDocument
    preload_safe: bool
    weights: WeightsByValue
    error: str


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that installed packages offer.

    Attributes:
        analytics: those that can be used.
        errors: entry point of each of the others -> why it cannot be used.
    """

    analytics: Sequence[InstalledAnalytic]
    errors: Mapping[str, str]

    def preloaded(self, patterns: Sequence[str]) -> list[str]:
        """Return the entry points of the analytics that fit one of ``patterns`` and can be imported before a fork."""
        return [
            each.entry_point
            for each in self.analytics
            if each.preload_safe and any(fnmatchcase(each.entry_point, pattern) for pattern in patterns)
        ]


def find_installed(
    cache: DescriptionCache | None = None, import_seconds: float = IMPORT_SECONDS, *, fresh: bool = False
) -> Installation:
    """Return the installed analytics, and log the names of those that cannot be used.

    The descriptions come from ``cache`` where they are still valid, unless they must be ``fresh``. An analytic whose
    import takes longer than ``import_seconds`` cannot be used.

    Raises:
        RuntimeError: the child process failed as a whole, or is of another version than this process.
    """
    descriptions = _describe(import_seconds) if cache is None else _describe_with(cache, import_seconds, fresh)
    errors = {each["name"]: each["error"] for each in descriptions if each.get("error")}
    for name, error in errors.items():
        log.warning("the installed analytic %s cannot be used: %s", name, error)
    return Installation([_read(each) for each in descriptions if each["name"] not in errors], errors)


def _describe_with(cache: DescriptionCache, import_seconds: float, fresh: bool) -> list[_Description]:
    fingerprint = fingerprint_installation()
    descriptions = None if fresh else cache.read(fingerprint)
    if descriptions is None:
        descriptions = _describe(import_seconds)
        # The cause of an error may be outside of the packages, and pass.
        if not any(description.get("error") for description in descriptions):
            cache.write(fingerprint, descriptions)
    return cast("list[_Description]", descriptions)


def _describe(import_seconds: float) -> list[_Description]:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "voxel51.platform.installed_analytics", "--seconds", str(import_seconds)]
    try:
        done = subprocess.run(  # noqa: S603  (our own interpreter and module)
            command, env=environment, capture_output=True, timeout=_TIMEOUT_SECONDS + 10 * import_seconds, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"describing the installed analytics did not end within {error.timeout:g} s") from None
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"describing the installed analytics failed: {error.stderr.decode()[-2000:]}") from None
    document = json.loads(done.stdout)
    if document["version"] != voxel51.__version__:
        versions = f"from {voxel51.__version__} to {document['version']}"
        raise RuntimeError(f"voxel51-platform itself was changed {versions}; restart the platform")
    descriptions: list[_Description] = document["analytics"]
    return descriptions


def _read(description: _Description) -> InstalledAnalytic:
    return InstalledAnalytic(
        description["name"], description["document"], description["preload_safe"], description["weights"]
    )
