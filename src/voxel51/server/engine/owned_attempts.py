"""Owned attempts: what a dispatcher has claimed and not yet settled, with what it knows of each.

An attempt enters when it is claimed and leaves when the database has recorded its end, whatever fails in between. So no
failure of the database, the disk or a runner can leave a job in SCHEDULED or RUNNING without a dispatcher that acts.
"""

import time
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from voxel51.runners.interface import AttemptOutcome, ExitReason, ProcessIdentity
from voxel51.runners.launch import LaunchSpec
from voxel51.server.jobs.attempts import ClaimedAttempt, Settlement
from voxel51.wire.tasks import TaskExit

_SETTLEMENTS = {
    ExitReason.EXITED: Settlement.ANALYTIC_FAILED,
    ExitReason.CRASHED: Settlement.ANALYTIC_FAILED,
    ExitReason.OVER_TIME: Settlement.OUT_OF_TIME,
    ExitReason.OVER_MEMORY: Settlement.ANALYTIC_FAILED,
    ExitReason.OVER_LIMIT: Settlement.ANALYTIC_FAILED,
    ExitReason.STOPPED: Settlement.RELEASED,
    ExitReason.LOST: Settlement.LOST,
    ExitReason.UNPLACED: Settlement.UNPLACED,
}

_SETTLEMENTS_OF_CODES = {
    TaskExit.NOT_STARTED: Settlement.NOT_STARTED,
    TaskExit.UNREPORTED: Settlement.LOST,
    TaskExit.NOT_CURRENT: Settlement.LOST,
}
"""Exit codes of an attempt that never began, or whose reports did not arrive: not the fault of the analytic."""


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """End of an attempt, as it will be recorded.

    Attributes:
        settlement: consequence for the job.
        detail: a sentence for users.
        log: the last bytes that the attempt printed.
    """

    settlement: Settlement
    detail: str
    log: bytes = b""


@dataclass(slots=True)
class AttemptTimes:
    """Times of the steps of an attempt, in seconds since 1970; None where it has not come so far.

    Attributes:
        claimed: when its claim was known.
        start_begun, started: when its process was being started, and ran.
        ended: when its process had ended.
    """

    claimed: float = field(default_factory=time.time)
    start_begun: float | None = None
    started: float | None = None
    ended: float | None = None


@dataclass(slots=True)
class OwnedAttempt:
    """One claimed attempt.

    Attributes:
        claimed: the claim.
        internal: whether its job is internal.
        process: its process; None before it is started, and for an attempt that could not be started.
        launch: what was started.
        is_recorded: whether the database knows the process.
        end: how it ended; None while it waits for its start or runs.
        times: when it came how far.
    """

    claimed: ClaimedAttempt
    internal: bool
    process: ProcessIdentity | None = None
    launch: LaunchSpec | None = None
    is_recorded: bool = False
    end: AttemptEnd | None = None
    times: AttemptTimes = field(default_factory=AttemptTimes)

    @property
    def attempt_id(self) -> str:
        """The id of the attempt."""
        return self.claimed.attempt_id


class OwnedAttempts:
    """The attempts of one dispatcher. Only its thread changes them; any thread may count them."""

    def __init__(self) -> None:
        self._attempts: dict[str, OwnedAttempt] = {}

    def __contains__(self, attempt_id: str) -> bool:
        """Return whether the dispatcher owns the attempt."""
        return attempt_id in self._attempts

    def __len__(self) -> int:
        """Return how many attempts the dispatcher owns."""
        return len(self._attempts)

    def add(self, claims: Sequence[ClaimedAttempt], *, internal: bool) -> None:
        """Own attempts that have just been claimed."""
        self._attempts.update({claim.attempt_id: OwnedAttempt(claim, internal) for claim in claims})

    def remove(self, attempt_id: str) -> None:
        """Give up an attempt whose end is recorded."""
        self._attempts.pop(attempt_id, None)

    def drop_all(self) -> list[str]:
        """Give up all attempts, because others have settled them; return the ids of those that run."""
        running = [each.attempt_id for each in self._attempts.values() if each.process is not None and each.end is None]
        self._attempts.clear()
        return running

    def count(self, *, internal: bool) -> int:
        """Return how many attempts at internal jobs, or at jobs of users, the dispatcher owns."""
        return sum(each.internal is internal for each in list(self._attempts.values()))

    def unstarted(self) -> list[OwnedAttempt]:
        """Return the attempts that are to be started."""
        return [each for each in self._attempts.values() if each.process is None and each.end is None]

    def unrecorded(self) -> list[OwnedAttempt]:
        """Return the running attempts whose process the database does not know."""
        running = self._attempts.values()
        return [each for each in running if each.process is not None and not each.is_recorded and each.end is None]

    def ended(self) -> list[OwnedAttempt]:
        """Return the attempts whose end is to be recorded."""
        return [each for each in self._attempts.values() if each.end is not None]

    def apply(self, outcome: AttemptOutcome) -> None:
        """Note how an attempt ended. The outcome of an attempt that is not owned changes nothing."""
        attempt = self._attempts.get(outcome.attempt_id)
        if attempt is not None and attempt.end is None:
            attempt.end = AttemptEnd(settlement_of(outcome), outcome.detail, outcome.log)
            attempt.times.ended = time.time()

    def end_missing(self, running: Set[str]) -> None:
        """End each attempt that was started, is not among ``running`` and has no outcome."""
        for each in self._attempts.values():
            if each.process is not None and each.end is None and each.attempt_id not in running:
                each.end = AttemptEnd(Settlement.LOST, "the process of the job disappeared without an outcome")

    def release_unstarted(self) -> None:
        """End each attempt that was not started, so that its job returns to the queue."""
        for each in self.unstarted():
            each.end = AttemptEnd(Settlement.RELEASED, "the platform stopped before the attempt was started")


def settlement_of(outcome: AttemptOutcome) -> Settlement:
    """Return the consequence of an outcome for the job of its attempt."""
    if outcome.exit_reason is ExitReason.EXITED and outcome.exit_code in _SETTLEMENTS_OF_CODES:
        return _SETTLEMENTS_OF_CODES[TaskExit(outcome.exit_code)]
    return _SETTLEMENTS[outcome.exit_reason]
