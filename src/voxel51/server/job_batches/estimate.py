"""Estimates: how much video a batch is, and how long its jobs will run by what earlier jobs took."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from voxel51.server.accounts.callers import User
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.database import Database
from voxel51.server.job_batches.earlier_results import EarlierResults
from voxel51.server.job_batches.plan import BatchPlan
from voxel51.server.job_batches.selection import SelectedVideo
from voxel51.server.jobs.analytic_facts import measured_cost
from voxel51.server.jobs.tables import jobs
from voxel51.server.search.label_totals import inputs_key, inputs_key_of
from voxel51.wire.job_batches import BatchEstimate
from voxel51.wire.jobs import DATA_ID_FIELD

_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class _Amount:
    """Length of a video: that in its file, or else that which an earlier job measured."""

    seconds: float
    frames: int


class BatchEstimator:
    """Estimates batches from measured figures only."""

    def __init__(self, database: Database, earlier: EarlierResults) -> None:
        self._database = database
        self._earlier = earlier

    def estimate(self, owner: User, plan: BatchPlan) -> BatchEstimate:
        """Return the size of a batch, and how long its jobs will run together."""
        requests = {(item.video.data_id, item.parameter_set): plan.request(item) for item in plan.items}
        with self._database.read() as connection:
            reused = {} if plan.fresh else self._earlier.find(connection, owner.id, plan.analytic, requests)
            amounts = _amounts(connection, owner, plan)
            cost = measured_cost(connection, plan.analytic.id)
        total = _extended(plan.videos, amounts)
        left = [each for each in plan.items if (each.video.data_id, each.parameter_set) not in reused]
        size = sum(each.size_bytes for each in plan.videos)
        size_left = sum(each.video.size_bytes for each in left)
        processing = None
        if total is not None and cost is not None and size:
            seconds_left = total.seconds * size_left / size
            processing = round(seconds_left * cost["seconds_per_minute"] / _SECONDS_PER_MINUTE, 1)
        return {
            "analytic": plan.analytic.name,
            "version": plan.analytic.version,
            "videos": len(plan.videos),
            "items": plan.item_count,
            "reusable": len(reused),
            "bytes": size,
            "seconds": None if total is None else round(total.seconds, 1),
            "frames": None if total is None else total.frames,
            "measured_videos": len(amounts),
            "seconds_per_minute": None if cost is None else cost["seconds_per_minute"],
            "measured_jobs": 0 if cost is None else cost["jobs"],
            "processing_seconds": processing,
        }


def _amounts(connection: Connection, owner: User, plan: BatchPlan) -> dict[str, _Amount]:
    """Return the known lengths of the videos. A job may have analysed a part, so the longest counts."""
    found = {
        each.data_id: _Amount(each.duration_seconds, each.frame_count or 0)
        for each in plan.videos
        if each.duration_seconds
    }
    key = inputs_key(jobs.c.request)
    for chunk in in_chunks([each.data_id for each in plan.videos if each.data_id not in found]):
        texts = {inputs_key_of(connection, {plan.input_name: {DATA_ID_FIELD: data_id}}): data_id for data_id in chunk}
        measured = (
            select(key.label("inputs"), func.max(jobs.c.duration_seconds), func.max(jobs.c.frame_count))
            .where(jobs.c.owner_id == owner.id, key.in_([*texts]), jobs.c.duration_seconds > 0)
            .group_by(key)
        )
        for inputs, seconds, frames in connection.execute(measured):
            found[texts[inputs]] = _Amount(seconds, frames or 0)
    return found


def _extended(videos: Sequence[SelectedVideo], amounts: dict[str, _Amount]) -> _Amount | None:
    """Return the length of all videos, if each has as many seconds per byte as those that were measured."""
    measured = sum(each.size_bytes for each in videos if each.data_id in amounts)
    if not measured:
        return None
    factor = sum(each.size_bytes for each in videos) / measured
    seconds = sum(each.seconds for each in amounts.values())
    return _Amount(seconds * factor, round(sum(each.frames for each in amounts.values()) * factor))
