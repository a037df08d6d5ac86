"""Slurm queue: the Slurm jobs of attempts. Submits, follows and cancels them, whatever Slurm answers, and when.

All is done in one thread, in passes: list the Slurm jobs, compare them with what is wanted, cancel, submit. While Slurm
does not answer, nothing is decided. A submission whose answer was lost is found by its name in a later list, and a
Slurm job that is not wanted, such as one of an earlier start of the platform, is cancelled.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from voxel51.runners.slurm.commands import Machine, SlurmAway, SlurmJob, SlurmRefused, Submission, problem_of
from voxel51.wire.backoff import Backoff

logger = logging.getLogger(__name__)

_BUSY_SECONDS = 4.0
"""Pause between two passes while Slurm jobs wait or have lost contact."""

_QUIET_SECONDS = 20.0
"""Pause between two passes otherwise."""

_MACHINES_SECONDS = 60.0
_LEAVE_SECONDS = 15.0
"""Time in which the agent of an ended attempt ends by itself, before its Slurm job is cancelled."""

_BETWEEN_FAILURES = Backoff(first_seconds=1.0, longest_seconds=15.0)
_BETWEEN_SUBMISSIONS = Backoff(first_seconds=1.0, longest_seconds=60.0)
"""Pauses before the Slurm job of an attempt is submitted again."""


class Slurm(Protocol):
    """The calls to Slurm that the queue makes; see `voxel51.runners.slurm.commands.SlurmCommands`."""

    def submit(self, wanted: Submission) -> str:
        """Submit a Slurm job and return its id."""

    def jobs(self, prefix: str) -> list[SlurmJob]:
        """Return the Slurm jobs whose names start with ``prefix``."""

    def cancel(self, slurm_ids: Sequence[str]) -> None:
        """Cancel Slurm jobs."""

    def machines(self) -> list[Machine]:
        """Return the machines of the partition."""


@dataclass(slots=True)
class _Wanted:
    submission: Submission
    slurm_id: str | None = None
    submitted_at: float = 0.0
    may_exist: bool = False  # a submission was not answered yet
    replaced: set[str] = field(default_factory=set)  # ids of earlier Slurm jobs of this attempt
    in_contact: bool = False
    failures: int = 0
    due_at: float = 0.0


class SlurmQueue:
    """The Slurm jobs of attempts. Safe from any thread.

    Args:
        slurm: Slurm's programs.
        prefix: beginning of the names of all Slurm jobs of this platform process and its earlier starts.
        ended: called with an attempt and its Slurm job, if that has ended and is still wanted; None: Slurm does not
            know it any more. The callee forgets the attempt, or has it submitted again.
        refused: called with an attempt and Slurm's text if Slurm refuses the submission.
    """

    def __init__(
        self,
        slurm: Slurm,
        prefix: str,
        ended: Callable[[str, SlurmJob | None], None],
        refused: Callable[[str, str], None],
    ) -> None:
        self._slurm = slurm
        self._prefix = prefix
        self._ended = ended
        self._refused = refused
        self._lock = threading.Lock()  # guards the two tables
        self._wanted: dict[str, _Wanted] = {}
        self._leaving: dict[str, float] = {}  # attempts that have ended -> when their Slurm jobs are cancelled
        self._machines: Sequence[Machine] | None = None
        self._machines_due = 0.0
        self._problem: str | None = "Slurm has not answered yet"
        self._failures = 0
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._changed: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="slurm-queue", daemon=True)

    def open(self, changed: Callable[[], object]) -> None:
        """Begin, and call ``changed`` when `problem` or `machines` may have changed."""
        self._changed = changed
        self._thread.start()

    def close(self) -> None:
        """End, and cancel all Slurm jobs of the platform, if Slurm answers."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            own = [job.id for job in self._slurm.jobs(self._prefix) if not job.has_ended]
            if own:
                self._slurm.cancel(own)
        except OSError as error:
            logger.warning("Slurm jobs may be left, which end by themselves: %s", error)

    @property
    def problem(self) -> str | None:
        """Reason why nothing can be submitted at present, as a phrase; None: something can."""
        return self._problem

    @property
    def machines(self) -> Sequence[Machine] | None:
        """The machines of the partition; None until Slurm has answered."""
        return self._machines

    def submit(self, attempt_id: str, submission: Submission) -> None:
        """Submit the Slurm job of an attempt soon."""
        with self._lock:
            self._wanted[attempt_id] = _Wanted(submission)
        self._woken.set()

    def submit_again(self, attempt_id: str) -> None:
        """Replace the Slurm job of an attempt by another one, after a pause."""
        with self._lock:
            wanted = self._wanted.get(attempt_id)
            if wanted is None:
                return
            if wanted.slurm_id is not None:
                wanted.replaced.add(wanted.slurm_id)
            wanted.slurm_id, wanted.in_contact, wanted.may_exist = None, False, False
            wanted.due_at = time.monotonic() + _BETWEEN_SUBMISSIONS.seconds(wanted.failures)
            wanted.failures += 1
        self._woken.set()

    def forget(self, attempt_id: str, *, is_leaving: bool) -> None:
        """Cancel the Slurm job of an attempt, if it has one. ``is_leaving``: its agent was told to end by itself."""
        with self._lock:
            self._wanted.pop(attempt_id, None)
            if is_leaving:
                self._leaving[attempt_id] = time.monotonic() + _LEAVE_SECONDS
        if not is_leaving:
            self._woken.set()

    def admit(self, attempt_id: str, slurm_id: str) -> bool:
        """Return whether this Slurm job is that of the attempt. It may connect before its submission is answered."""
        with self._lock:
            wanted = self._wanted.get(attempt_id)
            if wanted is None or not self._is_of(wanted, slurm_id):
                return False
            self._accept(wanted, slurm_id)
            wanted.in_contact = True
            return True

    def lost_contact(self, attempt_id: str) -> None:
        """Look soon whether the Slurm job of an attempt has ended."""
        with self._lock:
            wanted = self._wanted.get(attempt_id)
            if wanted is None or not wanted.in_contact:
                return
            wanted.in_contact = False
        self._woken.set()

    @staticmethod
    def _is_of(wanted: _Wanted, slurm_id: str) -> bool:
        if wanted.slurm_id is None:
            return wanted.may_exist and slurm_id not in wanted.replaced
        return wanted.slurm_id == slurm_id

    @staticmethod
    def _accept(wanted: _Wanted, slurm_id: str) -> None:
        wanted.slurm_id, wanted.may_exist = slurm_id, False
        wanted.submitted_at = time.monotonic()

    # The thread.

    def _run(self) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            try:
                self._pass()
            except Exception:
                logger.exception("the Slurm jobs could not be followed; retrying")
                self._note_problem("an error, which the platform's log has")
            self._woken.wait(self._pause())
            if self._failures:  # not at once again, however often it is woken
                self._closing.wait(_BETWEEN_FAILURES.seconds(self._failures - 1))

    def _pause(self) -> float:
        now = time.monotonic()
        with self._lock:
            due = [each.due_at - now for each in self._wanted.values() if each.slurm_id is None]
            due += [at - now for at in self._leaving.values()]
            is_busy = bool(due) or not all(each.in_contact for each in self._wanted.values())
        usual = _BUSY_SECONDS if is_busy or self._problem else _QUIET_SECONDS
        return max(0.0, min([usual, *due])) if not self._failures else 0.0

    def _pass(self) -> None:
        try:
            self._compare()
            self._update_machines()
            self._submit_due()
        except (SlurmAway, SlurmRefused) as error:
            self._note_problem(problem_of(error))
            return
        self._note_problem(None)

    def _note_problem(self, problem: str | None) -> None:
        self._failures = self._failures + 1 if problem else 0
        if problem != self._problem:
            logger.log(logging.WARNING if problem else logging.INFO, "%s", problem or "Slurm answers")
            self._problem = problem
            self._changed()

    def _compare(self) -> None:
        """Compare the Slurm jobs with what is wanted."""
        begun_at = time.monotonic()
        found = self._slurm.jobs(self._prefix)
        by_id = {job.id: job for job in found}
        with self._lock:
            unwanted = [job.id for job in found if not job.has_ended and not self._keep(job, begun_at)]
            ended = [
                (attempt_id, by_id.get(wanted.slurm_id))
                for attempt_id, wanted in self._wanted.items()
                if wanted.slurm_id is not None
                and wanted.submitted_at < begun_at
                and (wanted.slurm_id not in by_id or by_id[wanted.slurm_id].has_ended)
            ]
            self._leaving = {key: at for key, at in self._leaving.items() if at > begun_at}
        if unwanted:
            logger.info("Slurm jobs that are not wanted are cancelled: %s", " ".join(unwanted))
            self._slurm.cancel(unwanted)
        for attempt_id, job in ended:
            self._ended(attempt_id, job)

    def _keep(self, job: SlurmJob, begun_at: float) -> bool:
        """Return whether a Slurm job may go on. One whose submission was not answered is accepted here."""
        attempt_id = job.name.removeprefix(self._prefix)
        wanted = self._wanted.get(attempt_id)
        if wanted is None:
            return self._leaving.get(attempt_id, 0.0) > begun_at
        # A Slurm job whose submission is just being answered is not in the list, which was made in this thread.
        if not self._is_of(wanted, job.id):
            return False
        if wanted.slurm_id is None:
            self._accept(wanted, job.id)
        return True

    def _update_machines(self) -> None:
        if self._problem is None and time.monotonic() < self._machines_due:
            return
        machines = self._slurm.machines()
        self._machines_due = time.monotonic() + _MACHINES_SECONDS
        if machines != self._machines:
            self._machines = machines
            self._changed()

    def _submit_due(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [(key, each) for key, each in self._wanted.items() if each.slurm_id is None and each.due_at <= now]
        for attempt_id, wanted in due:
            if self._closing.is_set():
                return
            self._submit(attempt_id, wanted)

    def _submit(self, attempt_id: str, wanted: _Wanted) -> None:
        wanted.may_exist = True  # until it is answered
        try:
            slurm_id = self._slurm.submit(wanted.submission)
        except SlurmRefused as error:
            wanted.may_exist = False
            self._refused(attempt_id, str(error))
            return
        with self._lock:
            if wanted.slurm_id is None:
                self._accept(wanted, slurm_id)
        logger.info("attempt %s is Slurm job %s", attempt_id, slurm_id)
