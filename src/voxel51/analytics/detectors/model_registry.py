"""Weights that are known by name: one that comes along, and others that are fetched once."""

from collections.abc import Mapping
from importlib import resources

from voxel51.platform.job import Job
from voxel51.platform.weights import Weights, fetched

OWN = "nanodet-g"
OWN_FILE = "nanodet-g-fp16.onnx"
OWN_SHA256 = "c916081388e0324f255dbd5bed677a3ba6c7ba67eae67bfd0b2d583afc81cfb6"

FETCHED: Mapping[str, Weights] = {
    "yolox-s": Weights(
        filename="object_detection_yolox_2022nov.onnx",
        url="https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/object_detection_yolox/"
        "object_detection_yolox_2022nov.onnx",
        sha256="c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
        size_bytes=35858002,
        licence="Apache-2.0",
    ),
}
"""By name. YOLOX-S: mAP 40.5 on COCO, six times the work of what comes along (mAP 22.9)."""

USUAL_SIDE: Mapping[str, int] = {OWN: 416, "yolox-s": 640}
"""Longest side, in pixels, of the pictures each was trained on."""


def weights_of(name: str, job: Job) -> bytes:
    """The model that ``name`` stands for; raises as `fetched` does. The job's outputs name it."""
    if name != OWN:
        return fetched(FETCHED[name], job)
    job.record_weights(OWN_FILE, OWN_SHA256)
    return resources.files("voxel51.analytics.object_tracks").joinpath(OWN_FILE).read_bytes()
