"""Face redaction: make the faces in a video unrecognisable."""

from voxel51.analytics.face_redaction.process import process
from voxel51.analytics.sessions import load_runtime
from voxel51.platform.definition import Analytic
from voxel51.platform.parameter_groups import ParameterGroup

analytic = Analytic.from_package(
    __name__,
    process,
    preload=("numpy", "cv2", "av", "voxel51.labels.media.video_writer"),
    parameter_groups=(ParameterGroup.RANGE, ParameterGroup.REGION, ParameterGroup.STRICT),
    setup=load_runtime,
)
