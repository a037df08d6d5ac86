"""The 80 classes of COCO, in the order in which detectors number them."""

from voxel51.labels.formats.classes import COCO_NAMES

CLASS_NAMES = COCO_NAMES
