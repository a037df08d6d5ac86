"""Renditions of videos and labels. An internal analytic of the platform, not in the catalogue."""

from voxel51.analytics.rendition.process import process
from voxel51.platform.definition import Analytic

analytic = Analytic.from_package(
    __name__, process, preload=("voxel51.labels.draw", "voxel51.labels.contact_sheet", "voxel51.labels.evaluate")
)
