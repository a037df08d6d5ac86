"""Renditions of videos and labels. The platform runs it for itself: it is in no catalogue."""

from voxel51.analytics.rendition.process import process
from voxel51.platform.analytic import Analytic

analytic = Analytic.from_package(
    __name__, process, preload=("voxel51.labels.draw", "voxel51.labels.contact_sheet", "voxel51.labels.evaluate")
)
