"""Shot detection: find the boundaries between shots."""

from voxel51.analytics.shot_detection.process import process
from voxel51.platform.definition import Analytic
from voxel51.platform.parameter_groups import ParameterGroup

analytic = Analytic.from_package(
    __name__, process, preload=("numpy", "cv2", "av", "voxel51.labels.writer"), parameter_groups=ParameterGroup
)
