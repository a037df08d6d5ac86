"""Layouts of datasets: which files a dataset of each format has, and what is in them."""

from collections.abc import Mapping

from voxel51.labels.datasets.layouts.base import Layout
from voxel51.labels.datasets.layouts.images import CocoLayout, FiftyOneLayout, VocLayout, YoloLayout
from voxel51.labels.datasets.layouts.records import ParquetLayout, WebDatasetLayout
from voxel51.labels.datasets.layouts.sequences import CvatLayout, MotLayout

LAYOUTS: Mapping[str, type[Layout]] = {
    "coco": CocoLayout,
    "cvat": CvatLayout,
    "fiftyone": FiftyOneLayout,
    "mot": MotLayout,
    "parquet": ParquetLayout,
    "voc": VocLayout,
    "webdataset": WebDatasetLayout,
    "yolo": YoloLayout,
}
"""Layouts by format."""

__all__ = ["LAYOUTS", "Layout"]
