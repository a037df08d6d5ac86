"""Planner: divide the video of a split job, or say why the job runs as a whole."""

from dataclasses import dataclass

import msgspec

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, DatabaseAway, OutOfSpace, ServiceError
from voxel51.server.jobs.analytic_facts import measured_cost
from voxel51.server.jobs.label_jobs import video_of
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.sources import RenditionSource
from voxel51.server.renditions.specs import DATA_RENDITIONS
from voxel51.server.split_jobs.plan import FrameIndex, FrameRange, divide, parts_worth, selected_frames
from voxel51.server.storage.storage import Storage

_INDEX = DATA_RENDITIONS["index"]
_SECONDS_PER_MINUTE = 60
_MOST_INDEX_BYTES = 64 * 1024 * 1024
"""Size of the largest frame index that is read, of some million frames: it is read into the memory of the server."""


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Frames of the parts of a job.

    Attributes:
        parts: the frames of each part; one or none if the job runs as a whole.
        frame_total: number of frames of the whole video; None if it cannot be decoded without a warning.
        filename: name of the file that a part writes.
        reason: why the job runs as a whole.
    """

    parts: list[FrameRange]
    frame_total: int | None = None
    filename: str = ""
    reason: str = ""


class SplitPlanner:
    """Plans split jobs. A part has about ``least_seconds`` of work or more, as earlier jobs measured the analytic."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        analytics: AnalyticService,
        renditions: RenditionService,
        least_seconds: float,
    ) -> None:
        self._database = database
        self._storage = storage
        self._analytics = analytics
        self._renditions = renditions
        self._least_seconds = least_seconds

    def plan(self, job: DatabaseRow, most_parts: int) -> SplitPlan | None:
        """Return the plan of a job; None while the frame index of its video is being made.

        Raises:
            DatabaseAway, OutOfSpace: the index cannot be made at present.
        """
        document = self._analytics.by_id(job.analytic_id).document
        data_id = video_of(job.request, document)
        if data_id is None or len(document["outputs"]) != 1:
            return SplitPlan([], reason="only a job with one video and one output can be split")
        try:
            index = self._index(User(job.owner_id, ""), data_id)
        except (DatabaseAway, OutOfSpace):
            raise
        except (ServiceError, FileNotFoundError, msgspec.MsgspecError) as error:
            return SplitPlan([], reason=f"the frames of the video could not be listed: {error}")
        if index is None:
            return None
        return self._divided(job, index, most_parts, document["outputs"][0]["filename"])

    def _divided(self, job: DatabaseRow, index: FrameIndex, most_parts: int, filename: str) -> SplitPlan:
        frames = selected_frames(job.request["parameters"], index.times)
        if frames is None:
            return SplitPlan([], reason="its parameters select no frame")
        work_seconds = self._work_seconds(job.analytic_id, index.seconds(frames))
        parts = divide(frames, index.keyframes, parts_worth(work_seconds, self._least_seconds, most_parts))
        if len(parts) < 2:
            least = f"a part has at least {self._least_seconds:g}"
            return SplitPlan([], reason=f"it is short: about {work_seconds:.0f} seconds of work; {least}")
        return SplitPlan(parts, None if index.warnings else len(index.times), filename)

    def _work_seconds(self, analytic_id: str, video_seconds: float) -> float:
        """Return how long the work takes in one piece; as long as the video as long as that was not measured."""
        with self._database.read() as connection:
            cost = measured_cost(connection, analytic_id)
        return video_seconds * (cost["seconds_per_minute"] / _SECONDS_PER_MINUTE if cost else 1.0)

    def _index(self, owner: User, data_id: str) -> FrameIndex | None:
        found = self._renditions.get(owner, RenditionSource(data_id, None), _INDEX, {})
        if not isinstance(found, Download):
            return None
        if found.size_bytes is None or found.size_bytes > _MOST_INDEX_BYTES:
            raise BadRequest(f"it has more frames than fit in {_MOST_INDEX_BYTES} bytes")
        return msgspec.json.decode(b"".join(self._storage.read(found.key)), type=FrameIndex)
