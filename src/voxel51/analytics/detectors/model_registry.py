"""Registry of object detectors: one that is installed with the platform, and others that are downloaded once."""

from collections.abc import Mapping

from voxel51.platform.job import Job
from voxel51.platform.weights import InstalledWeights, PublishedWeights, fetch_weights

DEFAULT_MODEL = "nanodet-g"
NANODET = InstalledWeights(
    package="voxel51.analytics.object_tracks",
    filename="nanodet-g-fp16.onnx",
    sha256="c916081388e0324f255dbd5bed677a3ba6c7ba67eae67bfd0b2d583afc81cfb6",
)

PUBLISHED_MODELS: Mapping[str, PublishedWeights] = {
    "yolox-s": PublishedWeights(
        filename="object_detection_yolox_2022nov.onnx",
        url="https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/object_detection_yolox/"
        "object_detection_yolox_2022nov.onnx",
        sha256="c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
        size_bytes=35858002,
        licence="Apache-2.0",
    ),
}
"""Models by name. YOLOX-S has mAP 40.5 on COCO at six times the computation of NanoDet-g (mAP 22.9)."""

TRAINING_SIDES: Mapping[str, int] = {DEFAULT_MODEL: 416, "yolox-s": 640}
"""Longest side, in pixels, of the images that each model was trained on."""


def model_weights(name: str, job: Job) -> bytes:
    """Return the ONNX model ``name`` and record its weights in the job's provenance.

    Raises:
        MissingWeights: the installed weights are not found.
        InvalidInput: published weights cannot be downloaded.
    """
    if name != DEFAULT_MODEL:
        return fetch_weights(PUBLISHED_MODELS[name], job)
    job.record_weights(NANODET.filename, NANODET.sha256)
    return NANODET.read()
