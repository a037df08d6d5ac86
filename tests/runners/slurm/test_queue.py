"""The queue of Slurm jobs, with a Slurm in this process that loses answers and goes away."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from support.waiting import wait_until
from voxel51.runners.resources import Resources
from voxel51.runners.slurm.commands import Machine, SlurmAway, SlurmJob, SlurmRefused, Submission
from voxel51.runners.slurm.queue import SlurmQueue

PREFIX = "voxel51-a-"


class InProcessSlurm:
    """A Slurm whose jobs start at once and never end by themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self.known: dict[str, SlurmJob] = {}
        self.is_away = False
        self.loses_answers = False
        self.refusal = ""
        self.refusal_of_lists = ""

    def submit(self, wanted: Submission) -> str:
        self._check()
        if self.refusal:
            raise SlurmRefused(self.refusal)
        slurm_id = str(next(self._ids))
        with self._lock:
            self.known[slurm_id] = SlurmJob(slurm_id, wanted.name, "RUNNING", "n1", "None")
        if self.loses_answers:
            self.loses_answers = False
            raise SlurmAway("the answer was lost")
        return slurm_id

    def jobs(self, prefix: str) -> list[SlurmJob]:
        self._check()
        if self.refusal_of_lists:
            raise SlurmRefused(self.refusal_of_lists)
        with self._lock:
            return [job for job in self.known.values() if job.name.startswith(prefix)]

    def cancel(self, slurm_ids: Sequence[str]) -> None:
        self._check()
        for slurm_id in slurm_ids:
            self.end(slurm_id, "CANCELLED")

    def machines(self) -> list[Machine]:
        self._check()
        return [Machine("n1", Resources(4.0), "idle", is_usable=True)]

    def end(self, slurm_id: str, state: str) -> None:
        with self._lock:
            self.known[slurm_id] = replace(self.known[slurm_id], state=state)

    def running(self) -> list[str]:
        """Return the names of the jobs that run."""
        with self._lock:
            return [job.name for job in self.known.values() if job.state == "RUNNING"]

    def _check(self) -> None:
        if self.is_away:
            raise SlurmAway("Unable to contact slurm controller")


class Events:
    """Calls that a queue has made."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []
        self.refused: list[tuple[str, str]] = []

    def on_ended(self, attempt_id: str, job: SlurmJob | None) -> None:
        self.ended.append((attempt_id, job.state if job else ""))

    def on_refused(self, attempt_id: str, reason: str) -> None:
        self.refused.append((attempt_id, reason))


@pytest.fixture
def slurm() -> InProcessSlurm:
    return InProcessSlurm()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def queue(slurm: InProcessSlurm, events: Events) -> Iterator[SlurmQueue]:
    queue = SlurmQueue(slurm, PREFIX, events.on_ended, events.on_refused)
    yield queue
    queue.close()


def submission(attempt_id: str) -> Submission:
    return Submission(f"{PREFIX}{attempt_id}", 1, 0, 0, 60.0, ("true",))


def test_a_submission_whose_answer_was_lost_is_found_by_its_name(slurm: InProcessSlurm, queue: SlurmQueue) -> None:
    slurm.loses_answers = True
    queue.open(lambda: None)
    queue.submit("x", submission("x"))

    wait_until(lambda: queue.admit("x", "1"), "the Slurm job was not taken as that of the attempt")
    wait_until(lambda: queue.problem is None)
    assert slurm.running() == [f"{PREFIX}x"], "it was submitted twice"


def test_a_submission_waits_while_slurm_is_away(slurm: InProcessSlurm, queue: SlurmQueue, events: Events) -> None:
    slurm.is_away = True
    queue.open(lambda: None)
    queue.submit("x", submission("x"))
    wait_until(lambda: "Unable to contact" in str(queue.problem))

    slurm.is_away = False

    wait_until(slurm.running)
    wait_until(lambda: queue.problem is None)
    assert events.ended == []
    assert events.refused == []


def test_a_refusal_is_not_called_silence(slurm: InProcessSlurm, queue: SlurmQueue) -> None:
    slurm.refusal_of_lists = "Invalid user id"
    queue.open(lambda: None)

    wait_until(lambda: queue.problem == "Slurm refuses: Invalid user id", lambda: str(queue.problem))


def test_slurm_jobs_of_an_earlier_start_are_cancelled_and_those_of_others_are_not(
    slurm: InProcessSlurm, queue: SlurmQueue
) -> None:
    for name in (f"{PREFIX}old", "voxel51-b-other"):
        slurm.submit(replace(submission("old"), name=name))

    queue.open(lambda: None)

    wait_until(lambda: slurm.running() == ["voxel51-b-other"], lambda: f"{slurm.known}")


def test_a_second_slurm_job_of_an_attempt_is_not_admitted_and_is_cancelled(
    slurm: InProcessSlurm, queue: SlurmQueue
) -> None:
    queue.open(lambda: None)
    queue.submit("x", submission("x"))
    wait_until(slurm.running)
    wait_until(lambda: queue.admit("x", "1"))

    slurm.submit(submission("x"))

    assert not queue.admit("x", "2")
    queue.lost_contact("x")  # the queue looks soon
    wait_until(lambda: slurm.known["2"].state == "CANCELLED")
    assert slurm.known["1"].state == "RUNNING"


@pytest.mark.parametrize("state", ["NODE_FAIL", "CANCELLED", "TIMEOUT", "COMPLETED"])
def test_the_end_of_a_slurm_job_is_reported(
    slurm: InProcessSlurm, queue: SlurmQueue, events: Events, state: str
) -> None:
    queue.open(lambda: None)
    queue.submit("x", submission("x"))
    wait_until(lambda: queue.admit("x", "1"))

    slurm.end("1", state)
    queue.lost_contact("x")

    wait_until(lambda: ("x", state) in events.ended)


def test_a_refused_submission_is_reported_and_submitted_again_on_demand(
    slurm: InProcessSlurm, queue: SlurmQueue, events: Events
) -> None:
    slurm.refusal = "Invalid account"
    queue.open(lambda: None)
    queue.submit("x", submission("x"))
    wait_until(lambda: ("x", "Invalid account") in events.refused)

    slurm.refusal = ""
    queue.submit_again("x")

    wait_until(slurm.running)


def test_closing_cancels_all_slurm_jobs(slurm: InProcessSlurm, queue: SlurmQueue) -> None:
    queue.open(lambda: None)
    queue.submit("x", submission("x"))
    wait_until(slurm.running)

    queue.close()

    assert slurm.running() == []
