"""Where a video is black, frozen, blurred or damaged, and how bright and sharp each frame is."""

from voxel51.analytics.video_quality.process import process
from voxel51.platform.analytic import Analytic
from voxel51.platform.parameter_groups import ParameterGroup

analytic = Analytic.from_package(
    __name__, process, preload=("numpy", "cv2", "av", "voxel51.labels.writer"), parameter_groups=ParameterGroup
)
