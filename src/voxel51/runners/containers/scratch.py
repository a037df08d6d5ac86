"""Scratch space of containers: measure what one has written to its root and its volumes."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.sandbox.supervision import scan
from voxel51.wire.tasks import JobLimits

_SCAN_SHARE = 4.0
"""A scan is repeated after this multiple of its duration, at the earliest."""

_SCAN_SECONDS = 0.5


class ScratchSpace:
    """Scratch space of one container.

    The engine keeps what a container writes in folders of this machine. Where the platform cannot read them, or the
    storage of the engine has no such folder, the engine itself is asked for the size, which takes it longer.

    Args:
        engine: the engine.
        container: the container, which runs.
        record: the engine's record of it.
        limits: limits of the attempt.
    """

    def __init__(self, engine: ContainerEngine, container: str, record: Mapping[str, Any], limits: JobLimits) -> None:
        self._engine = engine
        self._container = container
        self._limits = limits
        root = ((record.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir")
        volumes = [each.get("Source") for each in record.get("Mounts") or [] if each.get("RW")]
        self._folders = [Path(path) for path in (root, *volumes) if path and os.access(path, os.R_OK | os.X_OK)]
        self._has_root = root is not None and Path(root) in self._folders
        self._due = 0.0

    def is_exceeded(self) -> bool:
        """Return whether the container keeps more than its limits; looks only as often as is worth its time."""
        started = time.monotonic()
        if "scratch_bytes" not in self._limits or started < self._due:
            return False
        used_bytes, count = 0, 0
        most_files = self._limits.get("scratch_files")
        for folder in self._folders:
            size, files = scan(folder, self._limits["scratch_bytes"], most_files)
            used_bytes, count = used_bytes + size, count + files
        if not self._has_root:
            used_bytes += self._engine.written_bytes(self._container)
        self._due = started + max(_SCAN_SECONDS, _SCAN_SHARE * (time.monotonic() - started))
        return used_bytes > self._limits["scratch_bytes"] or (most_files is not None and count > most_files)
