"""Face redaction: make the faces in a video unrecognisable."""

from voxel51.analytics.face_redaction.process import merge, process
from voxel51.analytics.sessions import load_runtime
from voxel51.platform.definition import Analytic
from voxel51.platform.parameter_groups import ParameterGroup
from voxel51.platform.splitting import Splitting
from voxel51.wire.analytics import SplitKind

analytic = Analytic.from_package(
    __name__,
    process,
    preload=("numpy", "cv2", "av", "voxel51.labels.media.video_writer"),
    parameter_groups=(ParameterGroup.RANGE, ParameterGroup.REGION, ParameterGroup.STRICT),
    splitting=Splitting(SplitKind.PER_FRAME, merge),
    setup=load_runtime,
)
