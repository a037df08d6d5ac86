"""Flows of batches: describe a new batch, wait until it ends, and iterate over batches and their items."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict  # Any: values of records

from voxel51.users.calls import job_batches as calls
from voxel51.users.flows import Emit, EmittingFlow, Flow, Pause, fetch
from voxel51.users.query import DataQuery
from voxel51.users.scheduling import Scheduling
from voxel51.users.waiting import PollSchedule
from voxel51.wire.data import DataRecord
from voxel51.wire.job_batches import BatchItem, BatchSelection, BatchState, JobBatch, NewJobBatch, SelectionQuery

LONGEST_PAUSE_SECONDS = 5.0

Videos = Iterable[str | DataRecord] | DataQuery | Mapping[str, Any]
"""Videos of a batch: ids or records of data, a query of the data list, or the record of a collection."""

BatchProgress = Callable[[JobBatch], object]
"""Is called with the record of a batch after each poll."""


class BatchOptions(TypedDict, total=False):
    """Options of a batch. All are optional.

    Attributes:
        parameter_sets: several sets of parameters instead of one; the analytic runs once on each video for each set.
        version: version of the analytic; default: the latest.
        compute_mode: CPU, GPU or BEST.
        input: name of the input for the videos, if the analytic has several required ones.
        name: name of the batch; default: the analytic, with the name of the video or the number of videos.
        max_running: most jobs of the batch that are queued or run at once, from 1 to 200; default: 20.
        fresh: compute again what the platform has computed already for the same owner.
        scheduling: priority, deadline, timeout, hold and retries of the jobs of the batch.
    """

    parameter_sets: Sequence[Mapping[str, object]] | None
    version: str | None
    compute_mode: str | None
    input: str | None
    name: str | None
    max_running: int | None
    fresh: bool | None
    scheduling: Scheduling | None


def new_batch(
    analytic: str, videos: Videos, parameters: Mapping[str, object] | None, options: BatchOptions
) -> NewJobBatch:
    """Return the body of the request for a batch."""
    new: NewJobBatch = {"analytic": analytic, "selection": selection_of(videos)}
    if parameters is not None:
        new["parameters"] = {**parameters}
    for name, value in options.items():
        if isinstance(value, Scheduling):
            new["scheduling"] = value.to_options()
        elif value is not None:
            new[name] = value  # type: ignore[literal-required]  # the options are fields of the body
    return new


def selection_of(videos: Videos) -> BatchSelection:
    """Return videos as a request names them."""
    if isinstance(videos, DataQuery):
        query: SelectionQuery = {}
        if videos.search:
            query["search"] = ",".join(videos.search)
        if videos.sort is not None:
            query["sort"] = videos.sort
        if videos.limit is not None:
            query["limit"] = videos.limit
        return {"query": query}
    if isinstance(videos, Mapping):
        return {"collection": videos["id"]}
    return {"data_ids": [each if isinstance(each, str) else each["id"] for each in videos]}


def wait_for_batch(batch_id: str, timeout: float | None, progress: BatchProgress | None) -> Flow[JobBatch]:
    """Return the record of a batch once it has ended or was cancelled.

    Raises:
        TimeoutError: the deadline passed before.
    """
    schedule = PollSchedule(LONGEST_PAUSE_SECONDS, timeout)
    while True:
        batch = yield from fetch(calls.details(batch_id), schedule.poll_seconds())
        if progress is not None:
            progress(batch)
        if batch["state"] in {BatchState.ENDED, BatchState.CANCELLED}:
            return batch
        pause = schedule.next_pause()
        if pause is None:
            counts = batch["counts"]
            left = counts["waiting"] + counts["active"]
            raise TimeoutError(f"Batch '{batch_id}' has not ended after {timeout:g} seconds; {left} items are left")
        yield Pause(pause)


def run_batch(new: NewJobBatch, wait: bool, timeout: float | None, progress: BatchProgress | None) -> Flow[JobBatch]:
    """Create a batch, and wait until it ends if ``wait``."""
    batch = yield from fetch(calls.create(new))
    if wait:
        batch = yield from wait_for_batch(batch["id"], timeout, progress)
    return batch


def all_batches(archived: bool) -> EmittingFlow[JobBatch]:
    """Emit the batches of the caller, the newest first."""
    cursor = None
    while True:
        page = yield from fetch(calls.page(archived, cursor))
        for batch in page["batches"]:
            yield Emit(batch)
        cursor = page["next_cursor"]
        if cursor is None:
            return


def all_items(batch_id: str, state: str | None, labels: bool) -> EmittingFlow[BatchItem]:
    """Emit the items of a batch in the order of their numbers."""
    cursor = None
    while True:
        page = yield from fetch(calls.items(batch_id, state, labels, cursor))
        for item in page["items"]:
            yield Emit(item)
        cursor = page["next_cursor"]
        if cursor is None:
            return
