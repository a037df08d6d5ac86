"""Analytics that come as installed packages: described by a child process, never by importing their code here."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from voxel51.wire.analytics import AnalyticDocument

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class InstalledAnalytic:
    """One analytic that an installed package offers.

    ``preload_safe`` says that a process which imported it has still one thread, and may fork its jobs.
    """

    entry_point: str
    document: AnalyticDocument
    preload_safe: bool


def find_installed() -> list[InstalledAnalytic]:
    """Every analytic whose package is installed and describes itself; the others are named in the log.

    Raises:
        RuntimeError: the child that describes them failed as a whole.
    """
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "voxel51.platform.installed_analytics"]
    try:
        done = subprocess.run(  # noqa: S603  (our own interpreter and module)
            command, env=environment, capture_output=True, timeout=_TIMEOUT_SECONDS, check=True
        )
        descriptions: list[dict[str, Any]] = json.loads(done.stdout)["analytics"]
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"the installed analytics cannot be described: {error.stderr.decode()[-2000:]}") from None
    return [_read(description) for description in descriptions if not _is_broken(description)]


def _is_broken(description: dict[str, Any]) -> bool:
    if description.get("error"):
        log.warning("the installed analytic %s cannot be used: %s", description["name"], description["error"])
    return bool(description.get("error"))


def _read(description: dict[str, Any]) -> InstalledAnalytic:
    return InstalledAnalytic(description["name"], description["document"], description["preload_safe"])
