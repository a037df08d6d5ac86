"""Object detectors by name: one that is installed with the platform, and others in the weights folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voxel51.platform.job import Job
from voxel51.platform.named_weights import REGISTRY, NamedWeights, named
from voxel51.platform.weights import InstalledWeights, fetch_weights, weights_folder

AUTO = "auto"
"""Name for the most accurate detector that is present."""

DEFAULT_MODEL = "nanodet-g"
NANODET = InstalledWeights(
    package="voxel51.analytics.object_tracks",
    filename="nanodet-g.onnx",
    sha256=named(DEFAULT_MODEL).files[0].sha256,
)

DETECTORS = tuple(each for each in REGISTRY if each.map_percent is not None)
"""Object detectors of the registry."""

_RANKED = sorted(DETECTORS, key=lambda each: -(each.map_percent or 0))

CANDIDATES: Mapping[str, Sequence[NamedWeights]] = {
    AUTO: _RANKED[: _RANKED.index(named(DEFAULT_MODEL)) + 1],
    **{each.name: (each,) for each in DETECTORS},
}
"""Value of a parameter -> the detectors of which the first that is present is used. The default is always present."""


@dataclass(frozen=True, slots=True)
class DetectorModel:
    """ONNX model of a detector.

    Attributes:
        name: name in the registry.
        content: the file.
        picture_size: longest side, in pixels, of the images that it was trained on.
    """

    name: str
    content: bytes
    picture_size: int


def detector_model(name: str, job: Job) -> DetectorModel:
    """Return the detector ``name`` and record its file in the job's provenance.

    Raises:
        MissingWeights: the installed weights are not found.
        InvalidInput: the weights are not in the weights folder and cannot be downloaded.
    """
    entry = _best_present() if name == AUTO else named(name)
    return DetectorModel(entry.name, _content(entry, job), entry.picture_size or 640)


def _best_present() -> NamedWeights:
    """Return the most accurate detector in the weights folder, or the installed one."""
    folder = weights_folder()
    return next((each for each in CANDIDATES[AUTO] if each.find(folder)), named(DEFAULT_MODEL))


def _content(entry: NamedWeights, job: Job) -> bytes:
    if entry.name == DEFAULT_MODEL and entry.find(weights_folder()) is None:
        job.record_weights(NANODET.filename, NANODET.sha256)
        return NANODET.read()
    return fetch_weights(entry, job)
