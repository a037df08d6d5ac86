"""Video quality: find black, frozen, blurred and damaged segments, and measure brightness and sharpness."""

from voxel51.analytics.video_quality.process import merge, process
from voxel51.platform.definition import Analytic
from voxel51.platform.parameter_groups import ParameterGroup
from voxel51.platform.splitting import Splitting
from voxel51.wire.analytics import SplitKind

analytic = Analytic.from_package(
    __name__,
    process,
    preload=("numpy", "cv2", "av", "voxel51.labels.writer"),
    parameter_groups=ParameterGroup,
    splitting=Splitting(SplitKind.PER_SEGMENT, merge),
)
