"""Shot detection: find the boundaries between shots."""

from voxel51.analytics.shot_detection.process import merge, process
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
