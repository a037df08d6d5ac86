"""Text reading: detect and recognise text, and measure how long it is visible."""

from voxel51.analytics.sessions import load_runtime
from voxel51.analytics.text_reading.process import merge, process
from voxel51.platform.definition import Analytic
from voxel51.platform.parameter_groups import ParameterGroup
from voxel51.platform.splitting import Splitting
from voxel51.wire.analytics import SplitKind

analytic = Analytic.from_package(
    __name__,
    process,
    preload=("numpy", "cv2", "av", "rapidocr.main", "voxel51.labels.writer"),
    parameter_groups=ParameterGroup,
    splitting=Splitting(SplitKind.PER_SEGMENT, merge),
    setup=load_runtime,
)
