"""Weights of neural networks for jobs: installed ones, and ones of the registry, verified by their SHA-256."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from voxel51.platform.errors import InvalidInput, MissingWeights
from voxel51.platform.job import Job
from voxel51.platform.named_weights import KnownFile, NamedWeights, UnknownWeights
from voxel51.platform.weight_files import fetch_file
from voxel51.transport.errors import APIError
from voxel51.wire.tasks import WEIGHTS_FOLDER

WEIGHTS_PACKAGE = "voxel51_weights"
"""Module of the wheel ``voxel51-platform-weights``."""


@dataclass(frozen=True, slots=True)
class InstalledWeights:
    """Weights of a built-in analytic.

    They are part of the source tree and of the wheel ``voxel51-platform-weights``, and not of the light wheel
    ``voxel51-platform``.

    Attributes:
        package: package of the analytic, whose folder has the file in a clone.
        filename: name of the file.
        sha256: of its bytes, in hexadecimal.
    """

    package: str
    filename: str
    sha256: str

    def read(self) -> bytes:
        """Return the content, from the first place that has the file with the right hash.

        Places, in this order: the folder of the package (a clone), the weights wheel, the weights folder.

        Raises:
            MissingWeights: no place has the file. The text says how to install it.
        """
        for place in self._places():
            if place.is_file():
                content = place.read_bytes()
                # An older weights wheel or a damaged file must not change the results unnoticed.
                if hashlib.sha256(content).hexdigest() == self.sha256:
                    return content
        raise MissingWeights(
            f"weights not found: {self.filename} of the analytic {self.package.rpartition('.')[2]}. Install the wheel "
            f"voxel51-platform-weights (in a clone: pip install ./weights), or put the file (SHA-256 {self.sha256}) "
            f"into {weights_folder()}"
        )

    def _places(self) -> Iterator[Traversable]:
        yield resources.files(self.package).joinpath(self.filename)
        with suppress(ModuleNotFoundError):  # the weights wheel is optional
            yield resources.files(WEIGHTS_PACKAGE).joinpath(self.package.rpartition(".")[2], self.filename)
        yield weights_folder() / self.filename


def weights_folder() -> Path:
    """Return the folder in which weights are kept."""
    named = os.environ.get(WEIGHTS_FOLDER)
    return Path(named) if named else Path.home() / ".cache" / "voxel51" / "weights"


def fetch_weights(weights: NamedWeights, job: Job) -> bytes:
    """Return the content of ``weights``, from the weights folder or else downloaded and kept there.

    The provenance of the job's outputs names the weights.

    Raises:
        InvalidInput: the file is missing and cannot be downloaded. The text says where to put it.
    """
    found = weights.read(weights_folder()) or _download(weights, job)
    content, known = found
    job.record_weights(weights.filename, known.sha256)
    return content


def _download(weights: NamedWeights, job: Job) -> tuple[bytes, KnownFile]:
    """Download into the weights folder, or into the job's folder if the first cannot be written."""
    job.message(f"Downloading {weights.filename} ({weights.files[0].size_bytes / 1e6:.0f} MB)")
    try:
        try:
            path = fetch_file(weights, weights_folder())
        except OSError:
            path = fetch_file(weights, job.scratch)
    except (APIError, UnknownWeights) as error:
        hashes = " or ".join(each.sha256 for each in weights.files)
        raise InvalidInput(
            f"weights not available: {weights.filename} is not in {weights_folder()} and cannot be downloaded: {error}."
            f" Put the file (SHA-256 {hashes}) into that folder (`voxel51 weights add FILE`), or choose other weights"
        ) from None
    found = weights.read(path.parent)
    if found is None:
        raise InvalidInput(f"weights not available: {path} was replaced while the job read it. Run the job again")
    return found
