"""Video quality: find black, frozen, blurred and damaged segments, and measure brightness and sharpness."""

from voxel51.analytics.video_quality.process import process
from voxel51.platform.definition import Analytic
from voxel51.platform.parameter_groups import ParameterGroup

analytic = Analytic.from_package(
    __name__, process, preload=("numpy", "cv2", "av", "voxel51.labels.writer"), parameter_groups=ParameterGroup
)
