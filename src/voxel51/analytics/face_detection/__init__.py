"""Face detection: detect faces and track them through a video."""

from voxel51.analytics.face_detection.process import merge, process
from voxel51.analytics.sessions import load_runtime
from voxel51.platform.definition import Analytic
from voxel51.platform.parameter_groups import ParameterGroup
from voxel51.platform.splitting import Splitting
from voxel51.wire.analytics import SplitKind

analytic = Analytic.from_package(
    __name__,
    process,
    preload=("numpy", "cv2", "av", "scipy.optimize", "voxel51.labels.writer"),
    parameter_groups=ParameterGroup,
    splitting=Splitting(SplitKind.TRACKS, merge),
    setup=load_runtime,
)
