"""Pipelines on many videos: check what is to run later, find the videos without a result, and start a run for each."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.pipeline_tables import pipeline_runs
from voxel51.server.jobs.scheduling import check_options
from voxel51.server.jobs.submission import Within
from voxel51.server.pipelines.access import document_for_run, find_version
from voxel51.server.pipelines.checks import PipelineChecker, values_of_run
from voxel51.server.pipelines.records import run_records
from voxel51.server.pipelines.runs import PipelineRunService
from voxel51.wire.jobs import DATA_ID_FIELD
from voxel51.wire.pipelines import NewPipelineRun, PipelineRunState
from voxel51.wire.scheduling import SchedulingOptions

ENDED = "ENDED"
"""State of a group of runs that have all ended."""


@dataclass(frozen=True, slots=True)
class PipelineOnVideos:
    """A pipeline to be run on videos, with the latest version if ``version`` is None.

    Attributes:
        reuse: whether steps with an equal result get a copy of it.
    """

    pipeline_id: str
    version: int | None
    parameters: Mapping[str, object]
    scheduling: SchedulingOptions
    reuse: bool


@dataclass(frozen=True, slots=True)
class _Checked:
    version: int
    input_name: str
    values: Mapping[str, object]


class PipelineVideoService:
    """Runs of a pipeline on many videos, one for each."""

    def __init__(self, database: Database, checker: PipelineChecker, runs: PipelineRunService) -> None:
        self._database = database
        self._checker = checker
        self._runs = runs

    def check(self, owner: User, wanted: PipelineOnVideos) -> None:
        """Check what is to be run later.

        Raises:
            NotFound: the owner may run no such pipeline or version.
            BadRequest: an input or a parameter is invalid, or a step cannot run; the text names it.
        """
        check_options(wanted.scheduling)
        with self._database.read() as connection:
            self._check(connection, owner, wanted)

    def without_result(self, owner: User, wanted: PipelineOnVideos, data_ids: Sequence[str]) -> list[str]:
        """Return those of the videos on which the version has not run with these parameters, and does not run."""
        run = pipeline_runs.c
        with self._database.read() as connection:
            checked = self._check(connection, owner, wanted)
            of_pipeline = (run.owner_id == owner.id) & (run.pipeline_id == wanted.pipeline_id)
            rows = connection.execute(select(pipeline_runs).where(of_pipeline, run.version == checked.version)).all()
            done = {
                record["inputs"][checked.input_name].get(DATA_ID_FIELD)
                for record in run_records(connection, rows)
                if record["parameters"] == checked.values
                and record["state"] in (PipelineRunState.COMPLETE, PipelineRunState.RUNNING)
            }
        return [data_id for data_id in data_ids if data_id not in done]

    def start(self, owner: User, wanted: PipelineOnVideos, videos: Mapping[str, str], within: Within) -> str:
        """Start a run on each video, given by id and name, and return the id of the group of these runs.

        Each run is recorded in a transaction of its own, so that none is long. ``within`` is called with the id of the
        group in that of the first one. If the platform dies after that, the other videos are left without a result.

        Raises:
            BadRequest: the first run is refused. Videos that are refused later are left out.
        """
        group_id = str(uuid.uuid4())
        with self._database.read() as connection:
            checked = self._check(connection, owner, wanted)
        is_first = True
        for data_id, name in videos.items():
            new: NewPipelineRun = {
                "inputs": {checked.input_name: {"data-id": data_id}},
                "parameters": {**wanted.parameters},
                "version": checked.version,
                "name": name,
                "scheduling": wanted.scheduling,
                "reuse_result": wanted.reuse,
            }
            try:
                notify = (lambda connection, _run_id: within(connection, group_id)) if is_first else None
                self._runs.start(owner, wanted.pipeline_id, new, group_id, notify)
                is_first = False
            except BadRequest:
                if is_first:
                    raise
        return group_id

    def _check(self, connection: Connection, owner: User, wanted: PipelineOnVideos) -> _Checked:
        pipeline = find_version(connection, owner, wanted.pipeline_id, wanted.version)
        document = document_for_run(pipeline)
        self._checker.check(owner, document)
        values = values_of_run(document, wanted.parameters)
        names = [each["name"] for each in document.get("inputs", [])]
        if len(names) != 1:
            raise BadRequest(
                f"Pipeline '{document['name']}' has not one input but: {', '.join(names) or 'none'}. A schedule runs "
                "pipelines with one input"
            )
        return _Checked(pipeline.version, names[0], values)


def group_states(connection: Connection, group_ids: Sequence[str]) -> dict[str, str]:
    """Return the state of each group of runs: RUNNING or `ENDED`. Those without a run are left out."""
    rows = connection.execute(select(pipeline_runs).where(pipeline_runs.c.group_id.in_(group_ids))).all()
    states: dict[str, str] = {}
    for record in run_records(connection, rows):
        group_id = str(record["group_id"])
        if record["state"] == PipelineRunState.RUNNING or group_id not in states:
            states[group_id] = record["state"] if record["state"] == PipelineRunState.RUNNING else ENDED
    return states
