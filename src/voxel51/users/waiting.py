"""Waiting for jobs: read the platform's event stream, which brings the record of each job that has ended.

Without an event stream, jobs are polled at growing intervals instead. Their progress is polled when an event tells so.
"""

import time
from collections.abc import Collection, Iterable, Mapping

from voxel51.transport.errors import NotFound, ServerFailed, TimedOut
from voxel51.users.calls import jobs
from voxel51.users.flows import Emit, EmittingFlow, Flow, Pause, fetch
from voxel51.users.job_events import LONGEST_SECONDS, JobEventListener, JobNews
from voxel51.users.jobs import JobState, WaitTimedOut
from voxel51.users.progress import JobProgress
from voxel51.users.query import JobsQuery
from voxel51.wire.backoff import Backoff
from voxel51.wire.jobs import JobRecord
from voxel51.wire.tasks import TaskStatusDocument

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
GROWTH = 1.5
LAST_POLL_SECONDS = 1.0
TOO_SHORT_SECONDS = 0.02
"""The remaining time in which another poll would hardly be answered."""

WORTH_LISTENING_SECONDS = 0.3
"""The remaining time in which a poll is better than the event stream."""

LONGEST_OUTAGE_SECONDS = 15 * 60.0
"""Time for which waiting goes on while the platform answers that it is unavailable. Its jobs go on or run again."""

MAX_IDS_IN_QUERY = 50
MAX_JOBS_WITH_DETAILS = 20
"""Up to this number of jobs, each poll fetches the progress of every job; above it, only of jobs with news."""

ENDED = {JobState.COMPLETE, JobState.FAILED}


class Outage:
    """Outage of the platform, seen by polls: its database or storage is away."""

    def __init__(self) -> None:
        self._began: float | None = None

    def end(self) -> None:
        """Note that the platform has answered a poll."""
        self._began = None

    def note(self, error: ServerFailed) -> None:
        """Note a poll that failed.

        Raises:
            ServerFailed: it is another failure, or the outage takes too long.
        """
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        if error.code != 503 or now - self._began > LONGEST_OUTAGE_SECONDS:
            raise error


class PollSchedule:
    """Schedule of polls until a deadline. It neither polls nor sleeps.

    Args:
        sleep_time: the longest pause between two polls, in seconds.
        max_wait_time: in seconds from now; None has no limit. The last poll is at the deadline.
        overtime: the time that a poll at the deadline may take, in seconds. Without overtime, polls come ever closer to
            the deadline, and none continues past it.
    """

    def __init__(self, sleep_time: float, max_wait_time: float | None, overtime: float = LAST_POLL_SECONDS) -> None:
        self._deadline = None if max_wait_time is None else time.monotonic() + max_wait_time
        self._overtime = overtime
        self._pauses = iter(Backoff(FIRST_PAUSE_SECONDS, sleep_time, GROWTH))

    def poll_seconds(self) -> float | None:
        """Return the time limit of a poll: the remaining time, and at the end the overtime. None has no limit."""
        left = self._left()
        return None if left is None else max(left, self._overtime, 0.001)

    def next_pause(self) -> float | None:
        """Return the seconds until the next poll; None when the deadline has passed."""
        pause, left = next(self._pauses), self._left()
        if left is None:
            return pause
        if left <= 0:
            return None
        if self._overtime or left <= TOO_SHORT_SECONDS:
            return min(pause, left)
        # Without overtime a poll must end before the deadline, so each pause takes at most half of the remaining time.
        return min(pause, left / 2)

    def listen_seconds(self) -> float | None:
        """Return how long to read the event stream; None near the deadline, where a poll is better."""
        left = self._left()
        if left is None:
            return LONGEST_SECONDS
        seconds = left if self._overtime else left / 2
        return seconds if seconds >= WORTH_LISTENING_SECONDS else None

    def is_over(self) -> bool:
        """Return whether the deadline has passed and no further poll is allowed."""
        left = self._left()
        return left is not None and left <= 0 and not self._overtime

    def _left(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()


def job_id_of(job: str | JobRecord) -> str:
    """Return the id of a job, given as an id or as a record."""
    return job["id"] if isinstance(job, Mapping) else str(job)


def ended_jobs(
    waited_for: Iterable[str | JobRecord], schedule: PollSchedule, progress: JobProgress | None = None
) -> EmittingFlow[JobRecord]:
    """Emit the record of each job once it has ended, COMPLETE or FAILED, in the order in which that is noticed.

    Raises:
        WaitTimedOut: the deadline passed before all jobs had ended.
        NotFound: one of the jobs was not found.
        ServerFailed: the platform failed, or was unavailable for `LONGEST_OUTAGE_SECONDS`.
    """
    if isinstance(waited_for, str):
        waited_for = [waited_for]
    pending = dict.fromkeys(job_id_of(job) for job in waited_for)
    listener = JobEventListener(wants_progress=progress is not None)
    outage = Outage()
    unclear = [] if progress is None else list(pending)  # the first progress is shown at once
    while pending and not schedule.is_over():
        news = JobNews({}, [])
        listen_seconds = None if unclear or listener.is_unavailable else schedule.listen_seconds()
        must_pause = listen_seconds is None and (listener.is_unavailable or schedule.listen_seconds() is None)
        try:
            if listen_seconds is not None:
                news = yield from _listen(listener, pending, listen_seconds, schedule, progress)
            else:
                news = JobNews((yield from _poll(unclear or list(pending), schedule, progress)), [])
            outage.end()
        except TimedOut:  # the poll used up the remaining time: the schedule decides below
            must_pause = True
        except ServerFailed as error:
            outage.note(error)
            must_pause = True
        for job_id in [each for each in news.ended if each in pending]:
            del pending[job_id]
            yield Emit(news.ended[job_id])
        unclear = news.unclear
        if pending and must_pause:
            seconds = schedule.next_pause()
            if seconds is None:
                break
            yield Pause(seconds)
    if pending:
        raise WaitTimedOut(list(pending))


def _listen(
    listener: JobEventListener,
    job_ids: Collection[str],
    seconds: float,
    schedule: PollSchedule,
    progress: JobProgress | None,
) -> Flow[JobNews]:
    """Return news of the jobs from the event stream, and report the progress of those that have ended."""
    news = yield from listener.wait(job_ids, seconds)
    for job in news.ended.values():
        yield from _report(job, schedule, progress)
    return news


def _poll(job_ids: list[str], schedule: PollSchedule, progress: JobProgress | None) -> Flow[dict[str, JobRecord]]:
    """Return the records of the jobs that have ended.

    A single job is fetched, and so are a few jobs whose progress is wanted. Of more jobs, one query finds those that
    have ended or are missing, and only these are fetched.
    """
    fetch_all = len(job_ids) <= (1 if progress is None else MAX_JOBS_WITH_DETAILS)
    candidates = job_ids if fetch_all else (yield from _ended_or_missing(job_ids, schedule))
    found: dict[str, JobRecord] = {}
    for job_id in candidates:
        job = yield from fetch(jobs.details(job_id), schedule.poll_seconds())
        yield from _report(job, schedule, progress)
        if job["state"] in ENDED:
            found[job_id] = job
    return found


def _report(job: JobRecord, schedule: PollSchedule, progress: JobProgress | None) -> Flow[None]:
    """Call ``progress`` with the record and the status of a job."""
    if progress is not None:
        progress(job, (yield from _status_or_none(job, schedule)))


def _ended_or_missing(job_ids: list[str], schedule: PollSchedule) -> Flow[list[str]]:
    active: set[str] = set()
    for start in range(0, len(job_ids), MAX_IDS_IN_QUERY):
        some = job_ids[start : start + MAX_IDS_IN_QUERY]
        query = JobsQuery().add_fields(["id", "state"]).add_search_or("id", some)
        found = (yield from fetch(jobs.query(query), schedule.poll_seconds()))["jobs"]
        active.update(job["id"] for job in found if job["state"] not in ENDED)
    return [job_id for job_id in job_ids if job_id not in active]


def _status_or_none(job: JobRecord, schedule: PollSchedule) -> Flow[TaskStatusDocument | None]:
    if job["state"] == JobState.READY:
        return None
    try:
        return (yield from fetch(jobs.status(job["id"]), schedule.poll_seconds()))
    except (TimedOut, NotFound, ServerFailed):  # the record counts; the status adds only details
        return None
