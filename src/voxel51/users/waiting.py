"""How jobs are waited for: looked at often at first, so that short ones are seen to end at once, then listened for.

Where the platform tells no events, jobs are looked at more and more rarely instead.
"""

import time
from collections.abc import Iterable, Mapping

from voxel51.transport.errors import NotFound, TimedOut
from voxel51.users.calls import jobs
from voxel51.users.flows import Emit, EmittingFlow, Flow, Pause, fetch
from voxel51.users.jobs import JobState, WaitTimedOut
from voxel51.users.listening import LONGEST_SECONDS, JobEventListener
from voxel51.users.progress import JobProgress
from voxel51.users.query import JobsQuery
from voxel51.wire.backoff import Backoff
from voxel51.wire.jobs import JobRecord
from voxel51.wire.tasks import TaskStatusDocument

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
GROWTH = 1.5
LAST_LOOK_SECONDS = 1.0
TOO_SHORT_SECONDS = 0.02
"""What is left of the time when another look would hardly be answered in it."""

WORTH_LISTENING_SECONDS = 0.3
"""Pauses that are shorter are sat out: most jobs that end soon have ended by then."""

IDS_IN_A_LOOK = 50
JOBS_IN_A_CLOSE_LOOK = 20
"""Of so many jobs each is asked how far it is; of more, only those of which something is heard."""

ENDED = {JobState.COMPLETE, JobState.FAILED}


class LookSchedule:
    """When to look at jobs, and when to give up. It neither looks nor sleeps.

    Args:
        sleep_time: the longest pause between two looks, in seconds.
        max_wait_time: in seconds, from now; None is for ever. There is a look at its very end.
        overtime: in seconds: what a look at the very end may take. Without any, looks come ever closer to the end, and
            none is still under way when it is reached.
    """

    def __init__(self, sleep_time: float, max_wait_time: float | None, overtime: float = LAST_LOOK_SECONDS) -> None:
        self._deadline = None if max_wait_time is None else time.monotonic() + max_wait_time
        self._overtime = overtime
        self._pauses = iter(Backoff(FIRST_PAUSE_SECONDS, sleep_time, GROWTH))

    def look_seconds(self) -> float | None:
        """What a look may take: all the time that is left, and at the end the overtime. None is any time."""
        left = self._left()
        return None if left is None else max(left, self._overtime, 0.001)

    def next_pause(self) -> float | None:
        """Seconds until the next look; None when the time is over."""
        pause, left = next(self._pauses), self._left()
        if left is None:
            return pause
        if left <= 0:
            return None
        if self._overtime or left <= TOO_SHORT_SECONDS:
            return min(pause, left)
        return min(pause, left / 2)

    def listen_seconds(self) -> float | None:
        """How long to listen; None where it is not worth it: the time is nearly over, and a look is better."""
        left = self._left()
        if left is None:
            return LONGEST_SECONDS
        seconds = left if self._overtime else left / 2
        return seconds if seconds >= WORTH_LISTENING_SECONDS else None

    def is_over(self) -> bool:
        """Whether no look is worth it any more."""
        left = self._left()
        return left is not None and left <= 0 and not self._overtime

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()


def job_id_of(job: str | JobRecord) -> str:
    """The id that is meant by an id or by the record of a job."""
    return job["id"] if isinstance(job, Mapping) else str(job)


def ends_of(
    waited_for: Iterable[str | JobRecord], schedule: LookSchedule, progress: JobProgress | None = None
) -> EmittingFlow[JobRecord]:
    """Gives the record of each job once it has ended, COMPLETE or FAILED, in the order in which that is seen.

    Raises:
        WaitTimedOut: the time was over before all had ended.
        NotFound: one of them is not there.
    """
    if isinstance(waited_for, str):
        waited_for = [waited_for]
    pending = dict.fromkeys(job_id_of(job) for job in waited_for)
    listener = JobEventListener(wants_progress=progress is not None)
    news = list(pending)
    while pending and not schedule.is_over():
        try:
            for job_id, job in (yield from _look(news, schedule, progress)).items():
                del pending[job_id]
                yield Emit(job)
        except TimedOut:  # that look took all the time there was
            pass
        if not pending:
            return
        seconds = schedule.next_pause()
        if seconds is None:
            break
        listening = None if listener.is_unavailable or seconds < WORTH_LISTENING_SECONDS else schedule.listen_seconds()
        if listening is None:
            yield Pause(seconds)
            news = list(pending)
        else:
            news = yield from listener.wait(pending, listening)
    if pending:
        raise WaitTimedOut(list(pending))


def _look(job_ids: list[str], schedule: LookSchedule, progress: JobProgress | None) -> Flow[dict[str, JobRecord]]:
    """Those that have ended. A few jobs whose progress is wanted are all asked for, and so is a single one; of others
    only those that seem to have ended, or are missing.
    """
    is_close = len(job_ids) <= (1 if progress is None else JOBS_IN_A_CLOSE_LOOK)
    suspects = job_ids if is_close else (yield from _suspects(job_ids, schedule))
    found: dict[str, JobRecord] = {}
    for job_id in suspects:
        job = yield from fetch(jobs.details(job_id), schedule.look_seconds())
        if progress is not None:
            progress(job, (yield from _status_if_any(job, schedule)))
        if job["state"] in ENDED:
            found[job_id] = job
    return found


def _suspects(job_ids: list[str], schedule: LookSchedule) -> Flow[list[str]]:
    going_on: set[str] = set()
    for start in range(0, len(job_ids), IDS_IN_A_LOOK):
        some = job_ids[start : start + IDS_IN_A_LOOK]
        query = JobsQuery().add_fields(["id", "state"]).add_search_or("id", some)
        found = (yield from fetch(jobs.query(query), schedule.look_seconds()))["jobs"]
        going_on.update(job["id"] for job in found if job["state"] not in ENDED)
    return [job_id for job_id in job_ids if job_id not in going_on]


def _status_if_any(job: JobRecord, schedule: LookSchedule) -> Flow[TaskStatusDocument | None]:
    if job["state"] == JobState.READY:
        return None
    try:
        return (yield from fetch(jobs.status(job["id"]), schedule.look_seconds()))
    except (TimedOut, NotFound):
        return None
