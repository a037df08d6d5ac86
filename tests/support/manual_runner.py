"""Manual runner: it starts no process, and the test decides how each attempt ends."""

from collections.abc import Callable, Set

from voxel51.runners.interface import AttemptOutcome, ExitReason, ProcessIdentity
from voxel51.runners.launch import LaunchSpec


class ManualRunner:
    """Runner whose attempts run until the test ends them."""

    def __init__(self) -> None:
        self.started: list[LaunchSpec] = []
        self.refusal: OSError | None = None
        self.refused = 0
        self._running: set[str] = set()
        self._ended: Callable[[AttemptOutcome], None] = lambda _outcome: None

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        self._ended = ended

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        if self.refusal is not None:
            self.refused += 1
            raise self.refusal
        self._running.add(launch.attempt_id)
        self.started.append(launch)
        return ProcessIdentity(2**22 + len(self.started), 1.0)

    def stop(self, attempt_id: str) -> None:
        if attempt_id in self._running:
            self.end(attempt_id, ExitReason.STOPPED)

    def end(self, attempt_id: str, reason: ExitReason = ExitReason.CRASHED) -> None:
        """End an attempt as its process would."""
        self.report(AttemptOutcome(attempt_id, reason, None, f"ended by the test: {reason}", b"last words"))

    def report(self, outcome: AttemptOutcome) -> None:
        """Report an outcome of the test's own."""
        self._ended(outcome)
        self._running.discard(outcome.attempt_id)

    def lose(self, attempt_id: str) -> None:
        """Let an attempt vanish without an outcome, against the contract of runners."""
        self._running.discard(attempt_id)

    def attempts(self) -> Set[str]:
        return set(self._running)

    def close(self) -> None:
        for attempt_id in list(self._running):
            self.end(attempt_id, ExitReason.STOPPED)
