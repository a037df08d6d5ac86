"""Audio activity: detect speech, silence and other sound."""

from voxel51.analytics.audio_activity.process import process
from voxel51.platform.definition import Analytic
from voxel51.platform.parameter_groups import ParameterGroup

analytic = Analytic.from_package(
    __name__,
    process,
    preload=("numpy", "av", "voxel51.labels.writer", "voxel51.labels.media.audio_reader"),
    parameter_groups=(ParameterGroup.RANGE, ParameterGroup.STRICT),
)
