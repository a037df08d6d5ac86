"""Scheduled work: the kinds of requests that a schedule can run, each checked once and started at every due time."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, cast

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest
from voxel51.server.job_batches.plan import BatchPlanner
from voxel51.server.job_batches.selection import NothingSelected, Selection, VideoSources, select_videos
from voxel51.server.job_batches.service import BatchService
from voxel51.server.job_batches.tables import batches
from voxel51.server.jobs.requests import LONGEST_NAME
from voxel51.server.jobs.submission import Within
from voxel51.server.json_documents import check_depth
from voxel51.server.pipelines.on_videos import PipelineOnVideos, PipelineVideoService, group_states
from voxel51.wire.job_batches import BatchSelection, NewJobBatch
from voxel51.wire.schedules import MAX_SCHEDULED_RUNS, ScheduledPipeline, ScheduledType, ScheduledWork
from voxel51.wire.scheduling import SchedulingOptions

_MAX_BYTES = 64 * 1024
"""Size of the request of a schedule as JSON: a list returns those of all schedules of a user."""


class WorkType(Protocol):
    """One kind of work."""

    def check(self, owner: User, work: ScheduledWork) -> None:
        """Raise `BadRequest` or `NotFound` if the work is invalid at present."""

    def start(self, owner: User, name: str, work: ScheduledWork, within: Within) -> None:
        """Start the work, with ``name`` unless it has one; ``within`` is called in the transaction that records it."""

    def states(self, connection: Connection, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the states of what was started, by id. What was deleted is left out."""


class BatchWork:
    """Batches as scheduled work: the selection is resolved at each start.

    ``read_selection`` reads the selection of a request.
    """

    def __init__(
        self, planner: BatchPlanner, service: BatchService, read_selection: Callable[[BatchSelection], Selection]
    ) -> None:
        self._planner = planner
        self._service = service
        self._read_selection = read_selection

    def check(self, owner: User, work: ScheduledWork) -> None:
        """Raise `BadRequest` or `NotFound` if the batch could not be created. Its selection may be empty."""
        new = work["batch"]
        _check_no_dates(new.get("scheduling", {}))
        self._planner.check(owner, new, self._read_selection(new["selection"]))

    def start(self, owner: User, name: str, work: ScheduledWork, within: Within) -> None:
        """Create the batch."""
        named = cast("NewJobBatch", {"name": name, **work["batch"]})
        plan = self._planner.plan(owner, named, self._read_selection(named["selection"]))
        self._service.create(owner, plan, within)

    def states(self, connection: Connection, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the states of batches, by id."""
        found = select(batches.c.id, batches.c.state).where(batches.c.id.in_(ids))
        return {row.id: row.state for row in connection.execute(found)}


class PipelineWork:
    """Pipelines as scheduled work: at each start, a run for each selected video without a result.

    ``read_selection`` reads the selection of a request.
    """

    def __init__(
        self,
        database: Database,
        service: PipelineVideoService,
        sources: VideoSources,
        read_selection: Callable[[BatchSelection], Selection],
    ) -> None:
        self._database = database
        self._service = service
        self._sources = sources
        self._read_selection = read_selection

    def check(self, owner: User, work: ScheduledWork) -> None:
        """Raise `BadRequest` or `NotFound` if the pipeline could not run. Its selection may be empty."""
        given = work["pipeline"]
        _check_no_dates(given.get("scheduling", {}))
        self._service.check(owner, _pipeline_on_videos(given))
        with suppress(NothingSelected):
            self._selected(owner, given)

    def start(self, owner: User, name: str, work: ScheduledWork, within: Within) -> None:
        """Start a run for each selected video, or for the first ones of many."""
        given = work["pipeline"]
        wanted, videos = _pipeline_on_videos(given), self._selected(owner, given)
        ids = [*videos] if given.get("fresh") else self._service.without_result(owner, wanted, [*videos])
        if not ids:
            raise NothingSelected("All selected videos have a result")
        chosen = {each: f"{name} · {videos[each]}"[:LONGEST_NAME] for each in ids[:MAX_SCHEDULED_RUNS]}
        self._service.start(owner, wanted, chosen, within)

    def states(self, connection: Connection, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the states of groups of runs, by id."""
        return group_states(connection, ids)

    def _selected(self, owner: User, given: ScheduledPipeline) -> dict[str, str]:
        """Return the names of the selected videos by id."""
        with self._database.read() as connection:
            found = select_videos(connection, owner, self._read_selection(given["selection"]), self._sources)
        return {video.data_id: video.name for video in found}


def _pipeline_on_videos(given: ScheduledPipeline) -> PipelineOnVideos:
    return PipelineOnVideos(
        pipeline_id=given["pipeline"],
        version=given.get("version"),
        parameters=given.get("parameters", {}),
        scheduling=given.get("scheduling", {}),
        reuse=not given.get("fresh", False),
    )


def _check_no_dates(options: SchedulingOptions) -> None:
    for name in ("deadline", "not_before"):
        if name in options:
            raise BadRequest(f"'scheduling.{name}' is a fixed date, which does not fit a schedule. Leave it out")


WorkTypes = Mapping[ScheduledType, WorkType]


def read_work(types: WorkTypes, owner: User, work: ScheduledWork) -> ScheduledWork:
    """Return checked work.

    Raises:
        BadRequest: its type is unknown, its fields do not fit the type, or its request is invalid or too long.
        NotFound: it names something that the owner cannot read.
    """
    if work["type"] not in [*types]:
        raise BadRequest(f"'run.type' must be {' or '.join(types)}, not {work['type']!r:.100}")
    kind = ScheduledType(work["type"])
    if work.keys() != {"type", kind}:
        raise BadRequest(f"'run' of the type '{kind}' needs the fields 'type' and '{kind}', and no others")
    check_depth("value of 'run'", work)
    if (size := len(json.dumps(work))) > _MAX_BYTES:
        raise BadRequest(
            f"'run' has {size} bytes as JSON; {_MAX_BYTES} are the limit. Select videos by a collection or a query "
            "instead of their ids"
        )
    types[kind].check(owner, work)
    return work
