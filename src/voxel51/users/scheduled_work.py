"""Work of schedules: the values for the argument ``run`` of `API.create_schedule`."""

from collections.abc import Mapping
from typing import Unpack

from voxel51.users.batch_flows import BatchOptions, Videos, new_batch, selection_of
from voxel51.users.scheduling import Scheduling
from voxel51.wire.schedules import ScheduledPipeline, ScheduledType, ScheduledWork


def scheduled_batch(
    analytic: str,
    videos: Videos,
    parameters: Mapping[str, object] | None = None,
    **options: Unpack[BatchOptions],
) -> ScheduledWork:
    """Return a batch as something to run for `create_schedule`. The arguments are those of ``run_batch``."""
    return {"type": ScheduledType.BATCH.value, "batch": new_batch(analytic, videos, parameters, options)}


def scheduled_pipeline(
    pipeline_id: str,
    videos: Videos,
    parameters: Mapping[str, object] | None = None,
    *,
    version: int | None = None,
    fresh: bool = False,
    scheduling: Scheduling | None = None,
) -> ScheduledWork:
    """Return a pipeline as something to run for `create_schedule`, on each of the videos.

    Videos on which it has run with the same parameters are left out unless ``fresh``. ``version`` is that of the
    pipeline; default: the latest each time.
    """
    given: ScheduledPipeline = {"pipeline": pipeline_id, "selection": selection_of(videos)}
    if parameters is not None:
        given["parameters"] = {**parameters}
    if version is not None:
        given["version"] = version
    if fresh:
        given["fresh"] = True
    if scheduling is not None:
        given["scheduling"] = scheduling.to_options()
    return {"type": ScheduledType.PIPELINE.value, "pipeline": given}
