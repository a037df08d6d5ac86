"""Plans: a checked request for a batch, with the version of the analytic, the videos and the requests of its jobs."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest
from voxel51.server.job_batches.selection import (
    NothingSelected,
    SelectedVideo,
    Selection,
    VideoSources,
    check_size,
    select_videos,
)
from voxel51.server.jobs.requests import LONGEST_NAME, check_request, read_request
from voxel51.server.jobs.result_cache import identity_of
from voxel51.server.jobs.scheduling import check_options
from voxel51.server.jobs.submission import JobSubmission
from voxel51.server.json_documents import check_depth
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.documents import JsonObject
from voxel51.wire.job_batches import DEFAULT_RUNNING, MAX_PARAMETER_SETS, MAX_RUNNING, NewJobBatch
from voxel51.wire.jobs import JobComputeMode, JobRequestDocument
from voxel51.wire.run_keys import with_chosen_weights
from voxel51.wire.scheduling import SchedulingOptions

_MAX_PARAMETER_BYTES = 256 * 1024
"""Size of all parameter sets of a batch: a list returns those of up to a hundred batches."""


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One item of a batch: a video and the position of its parameters among the sets."""

    video: SelectedVideo
    parameter_set: int


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """Checked content of a batch. ``parameter_sets`` are converted, and name the weights that they select."""

    analytic: AnalyticRow
    compute_mode: str
    input_name: str
    parameter_sets: list[JsonObject]
    videos: list[SelectedVideo]
    name: str
    max_running: int
    fresh: bool
    scheduling: SchedulingOptions

    @property
    def items(self) -> Iterator[PlannedItem]:
        """Yield the items in the order in which they are run: all sets of a video before the next video."""
        for video in self.videos:
            for position in range(len(self.parameter_sets)):
                yield PlannedItem(video, position)

    @property
    def item_count(self) -> int:
        """Return the number of items."""
        return len(self.videos) * len(self.parameter_sets)

    def request(self, item: PlannedItem) -> JobRequestDocument:
        """Return the request of the job of an item."""
        names = (self.analytic.name, self.analytic.version, self.compute_mode, self.input_name)
        return item_request(*names, item.video.data_id, self.parameter_sets[item.parameter_set])


def item_request(
    analytic: str, version: str, compute_mode: str, input_name: str, data_id: str, parameters: JsonObject
) -> JobRequestDocument:
    """Return the request of one job of a batch."""
    return {
        "analytic": analytic,
        "version": version,
        "compute_mode": compute_mode,
        "inputs": {input_name: {"data-id": data_id}},
        "parameters": parameters,
    }


_ANY_VIDEO = ""
"""Takes the place of the id of a video where a request is checked without one."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """Content of a batch that does not depend on its videos."""

    analytic: AnalyticRow
    input_name: str
    compute_mode: str
    parameter_sets: list[JsonObject]


class BatchPlanner:
    """Checks requests for batches, whose videos are found in ``sources``."""

    def __init__(
        self, database: Database, analytics: AnalyticService, submission: JobSubmission, sources: VideoSources
    ) -> None:
        self._sources = sources
        self._database = database
        self._analytics = analytics
        self._submission = submission

    def plan(self, owner: User, new: NewJobBatch, selection: Selection) -> BatchPlan:
        """Return the plan of a batch.

        Raises:
            BadRequest: a part of the request is invalid; the text names it.
            NothingSelected: the selection has no videos.
            NotFound: the owner can read no such collection.
            Unavailable: no job runs on this platform.
        """
        self._submission.check_runs()
        checked = self._check(owner, new)
        with self._database.read() as connection:
            videos = select_videos(connection, owner, selection, self._sources)
        check_size(len(videos) * len(checked.parameter_sets), "items (videos times parameter sets)")
        return BatchPlan(
            analytic=checked.analytic,
            compute_mode=checked.compute_mode,
            input_name=checked.input_name,
            parameter_sets=checked.parameter_sets,
            videos=videos,
            name=_name(new.get("name"), checked.analytic.name, videos),
            max_running=_max_running(new.get("max_running", DEFAULT_RUNNING)),
            fresh=new.get("fresh", False),
            scheduling=check_options(new.get("scheduling", {})),
        )

    def check(self, owner: User, new: NewJobBatch, selection: Selection) -> None:
        """Check a request that is to be run later, whose selection may have no videos yet.

        Raises:
            BadRequest: a part of the request is invalid; the text names it.
            NotFound: the owner can read no such collection.
        """
        self._check(owner, new)
        _max_running(new.get("max_running", DEFAULT_RUNNING))
        check_options(new.get("scheduling", {}))
        with self._database.read() as connection, suppress(NothingSelected):
            select_videos(connection, owner, selection, self._sources)

    def _check(self, owner: User, new: NewJobBatch) -> _Checked:
        analytic = self._submission.resolve(owner, new["analytic"], new.get("version"))
        input_name = new.get("input") or only_input(analytic.document, analytic.name)
        compute_mode = new.get("compute_mode") or JobComputeMode.BEST
        identity = identity_of(self._analytics, analytic)
        checked = []
        for parameters in _parameter_sets(new):
            chosen = with_chosen_weights(identity, analytic.document, parameters)
            names = (analytic.name, analytic.version, compute_mode, input_name)
            request = item_request(*names, _ANY_VIDEO, chosen)
            checked.append(self._checked(owner, request, analytic.document))
        mode = str(checked[0].get("compute_mode", JobComputeMode.BEST))
        return _Checked(analytic, input_name, mode, [request["parameters"] for request in checked])

    def _checked(self, owner: User, request: JobRequestDocument, document: AnalyticDocument) -> JobRequestDocument:
        """Return the request with converted parameters. Videos are checked when their jobs are submitted."""
        read = read_request(json.dumps(request).encode())

        def check_data(data_id: str) -> None:
            if data_id != _ANY_VIDEO:
                self._submission.check_data(owner, data_id)

        return check_request(read, document, check_data)


def _parameter_sets(new: NewJobBatch) -> list[JsonObject]:
    sets = new.get("parameter_sets")
    if sets is None:
        sets = [new.get("parameters", {})]
    elif "parameters" in new:
        raise BadRequest("A batch has 'parameters' or 'parameter_sets', not both")
    if not 1 <= len(sets) <= MAX_PARAMETER_SETS:
        raise BadRequest(f"'parameter_sets' must have 1 to {MAX_PARAMETER_SETS} entries, not {len(sets)}")
    check_depth("value of 'parameters' or 'parameter_sets'", sets)
    size = len(json.dumps(sets))
    if size > _MAX_PARAMETER_BYTES:
        raise BadRequest(
            f"The parameters have {size} bytes as JSON; the maximum of a batch is {_MAX_PARAMETER_BYTES}. "
            "Upload long values as files, or make several batches"
        )
    return sets


def only_input(document: AnalyticDocument, name: str) -> str:
    """Return the input that gets the videos, of an analytic that needs only one."""
    required = [each["name"] for each in document["inputs"] if each["required"]]
    candidates = required or [each["name"] for each in document["inputs"]]
    if len(candidates) != 1:
        names = ", ".join(candidates) or "none"
        raise BadRequest(f"Analytic '{name}' has not one input but: {names}. Name the one for the videos as 'input'.")
    return candidates[0]


def _name(given: str | None, analytic: str, videos: Sequence[SelectedVideo]) -> str:
    if given is None:
        what = videos[0].name if len(videos) == 1 else f"{len(videos)} videos"
        return f"{analytic.rpartition('/')[2]} · {what}"[:LONGEST_NAME]
    if not 1 <= len(given) <= LONGEST_NAME:
        raise BadRequest(f"'name' must have 1 to {LONGEST_NAME} characters, not {len(given)}")
    return given


def _max_running(given: int) -> int:
    if not 1 <= given <= MAX_RUNNING:
        raise BadRequest(f"'max_running' must be from 1 to {MAX_RUNNING}, not {given}")
    return given
