"""Weights in use: the file that a job takes at present for each value of a parameter that selects model weights.

An operator may add better weights while the platform runs. A job with ``weights=auto`` then computes something else, so
equal jobs are found by these files (`voxel51.wire.run_keys`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from voxel51.server.storage.hashing import sha256_of
from voxel51.wire.analytics import AnalyticModel, WeightsFile

_CHUNK_BYTES = 1024 * 1024


class WeightsCandidate(TypedDict):
    """Weights that a job may take, as `voxel51.platform.installed_analytics` describes them.

    ``sha256`` are the hashes of the accepted files; ``included_sha256`` is that of the file which is installed with the
    platform, or null.
    """

    name: str
    licence: str
    accuracy: str
    filename: str
    sha256: list[str]
    included_sha256: str | None


WeightsByValue = Mapping[str, Mapping[str, Sequence[WeightsCandidate]]]
"""Parameter -> value -> the weights of which a job takes the first that is present."""


@dataclass(frozen=True, slots=True)
class _KnownHash:
    """Hash of a file, and what its status was then: size, times of modification and change, number."""

    status: tuple[int, int, int, int]
    sha256: str


class WeightsInUse:
    """Resolves the weights of installed analytics. Safe from any thread.

    Args:
        folder: the weights folder, which comes before what is installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._choices: Mapping[str, WeightsByValue] = {}
        self._hashes: dict[str, _KnownHash] = {}

    def choose_among(self, choices: Mapping[str, WeightsByValue]) -> None:
        """Set the weights that the parameters of each analytic select, by its entry point."""
        self._choices = choices

    def of(self, entry_point: str) -> dict[str, dict[str, WeightsFile]]:
        """Return parameter -> value -> file. Values whose weights are not present are left out."""
        return {
            parameter: {value: file for value, each in values.items() if (file := self._first_present(each))}
            for parameter, values in self._choices.get(entry_point, {}).items()
        }

    def model(self, entry_point: str, defaults: Mapping[str, object]) -> AnalyticModel | None:
        """Return the model of a job with these values of parameters; None if no parameter selects weights."""
        for parameter, values in self._choices.get(entry_point, {}).items():
            for each in values.get(str(defaults.get(parameter)), ()):
                if self._present(each) is not None:
                    return {"name": each["name"], "licence": each["licence"], "accuracy": each["accuracy"]}
        return None

    def _first_present(self, candidates: Sequence[WeightsCandidate]) -> WeightsFile | None:
        for each in candidates:
            sha256 = self._present(each)
            if sha256 is not None:
                return {"name": each["name"], "sha256": sha256}
        return None

    def _present(self, candidate: WeightsCandidate) -> str | None:
        """Return the hash of the file that a job takes; None if no file is present."""
        found = self._sha256_of(candidate["filename"])
        return found if found in candidate["sha256"] else candidate["included_sha256"]

    def _sha256_of(self, filename: str) -> str | None:
        """Return the hash of a file in the folder, which is read again only when it has changed."""
        path = self._folder / filename
        try:
            found = path.stat()
            status = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            known = self._hashes.get(filename)
            if known is None or known.status != status:
                with path.open("rb") as file:
                    known = _KnownHash(status, sha256_of(iter(lambda: file.read(_CHUNK_BYTES), b"")))
                self._hashes[filename] = known
        except OSError:
            return None
        return known.sha256
