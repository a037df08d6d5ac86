"""Cache of descriptions: spares the import of every installed analytic at each start of the platform.

The cache is one file, which holds for one state of the installed packages: its fingerprint covers the interpreter, the
names, versions and installation times of all distributions, and the size and time of each file of a package that offers
analytics. A change of any of them, an edit in a clone included, makes the file worthless, and it is written again.
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from voxel51.wire.analytics import ENTRY_POINT_GROUP

_METADATA = (".dist-info", ".egg-info", ".pth", ".egg-link")


class DescriptionCache:
    """The file in ``folder`` with the descriptions of the installed analytics."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "installed-analytics.json"

    def read(self, fingerprint: str) -> list[Any] | None:
        """Return the descriptions that were written for ``fingerprint``, or None."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            cached = json.loads(self._path.read_bytes())
            if cached["fingerprint"] == fingerprint:
                descriptions: list[Any] = cached["descriptions"]
                return descriptions
        return None

    def write(self, fingerprint: str, descriptions: Sequence[object]) -> None:
        """Replace the file. A folder that cannot be written leaves the platform without a cache, which is harmless."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Several platforms may share the folder: each writes a file of its own, and the last rename counts.
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False) as file:
                json.dump({"fingerprint": fingerprint, "descriptions": descriptions}, file)
            Path(file.name).replace(self._path)


def fingerprint_installation() -> str:
    """Return a digest of everything installed that the descriptions may depend on. No analytic is imported."""
    parts = [sys.version, sys.executable, *_distributions(), *_files_of_analytics()]
    return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()


def _distributions() -> Iterator[str]:
    """Yield the name, version and time of installation of each distribution: those of its metadata folder."""
    for folder in sys.path:
        with suppress(OSError):
            for path in sorted(Path(folder).iterdir()):
                if path.suffix in _METADATA:
                    yield f"{path} {path.stat().st_mtime_ns}"


def _files_of_analytics() -> Iterator[str]:
    offers = sorted({(entry.name, entry.value) for entry in entry_points(group=ENTRY_POINT_GROUP)})
    yield json.dumps(offers)
    for package in sorted({value.partition(":")[0].partition(".")[0] for _, value in offers}):
        spec = find_spec(package)  # of a top-level name: it is looked up, not imported
        for location in (spec.submodule_search_locations or [spec.origin or ""]) if spec else ():
            yield from _files_in(Path(location))


def _files_in(location: Path) -> Iterator[str]:
    for path in sorted(location.rglob("*")) if location.is_dir() else [location]:
        if path.is_file() and path.parent.name != "__pycache__":
            with suppress(OSError):
                status = path.stat()
                yield f"{path} {status.st_size} {status.st_mtime_ns}"
