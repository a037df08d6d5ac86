"""Background threads: repeat one pass until they are closed, and go on after failures."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TypeVar

from voxel51.server.errors import DatabaseAway, ServiceError
from voxel51.wire.backoff import Backoff

log = logging.getLogger(__name__)

Item = TypeVar("Item")

_ADVANCING_INTERVAL_SECONDS = 5.0
_ADVANCING_PAUSE_SECONDS = 0.1
"""Pause after each pass: every write to the database wakes the thread, and may be the end of a job that it awaits."""

_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=30.0)


def advance_each(items: Iterable[Item], advance: Callable[[Item], bool | None]) -> bool:
    """Call ``advance`` with every item, also after it failed for one; return whether it returned True for any.

    Raises:
        Exception: that of the last call that failed, after all calls.
    """
    has_more, failure = False, None
    for item in items:
        try:
            has_more |= bool(advance(item))
        except Exception as error:
            failure = error
    if failure is not None:
        raise failure
    return has_more


class BackgroundThread(ABC):
    """Thread that repeats a pass: soon after it is woken, and after each interval.

    What a pass has to do is read from the database and the storage, so the process may die at any moment.

    Args:
        name: name of the thread.
        activity: what it does, for the log, such as ``hashing``.
        interval_seconds: pause after which a pass runs without being woken.
        least_pause_seconds: pause after each pass, also if the thread was woken meanwhile.
        after_failure: pauses after failed passes; None: the interval.
    """

    def __init__(
        self,
        name: str,
        activity: str,
        interval_seconds: float,
        *,
        least_pause_seconds: float = 0.0,
        after_failure: Backoff | None = None,
    ) -> None:
        self._activity = activity
        self._interval_seconds = interval_seconds
        self._least_pause_seconds = least_pause_seconds
        self._after_failure = after_failure or Backoff(interval_seconds, interval_seconds)
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Start the next pass soon. Cheap, and safe from any thread."""
        self._woken.set()

    def close(self) -> None:
        """Stop the thread, and return when the pass in progress has ended."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    @abstractmethod
    def _run_pass(self, *, is_woken: bool) -> None:
        """Run one pass.

        Args:
            is_woken: whether the thread was woken, or has just begun; otherwise the interval has passed.
        """

    def _loop(self) -> None:
        failures, is_woken = 0, True
        while not self._closing.is_set():
            self._woken.clear()
            try:
                self._run_pass(is_woken=is_woken)
            except Exception as error:
                pause = self._after_failure.seconds(failures)
                failures += 1
                self._report(error, pause)
                self._closing.wait(pause)
            else:
                failures = 0
                self._closing.wait(self._least_pause_seconds)
                is_woken = self._woken.wait(self._interval_seconds)

    def _report(self, error: Exception, pause: float) -> None:
        if isinstance(error, DatabaseAway):
            return  # the database logs it, once
        if isinstance(error, ServiceError):
            log.warning("%s waits %g s: %s", self._activity, pause, error)
        else:
            log.error("%s failed; retrying in %g s", self._activity, pause, exc_info=error)


class AdvancingThread(BackgroundThread):
    """Thread that advances what is recorded in the database, such as batches. Every commit may wake it.

    Args:
        name: name of the thread.
        activity: what it does, for the log.
        advance: does a part of the work, and returns whether more can be done at once.
        leads: whether this process, of several, does the work.
    """

    def __init__(
        self, name: str, activity: str, advance: Callable[[], bool], leads: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(
            name,
            activity,
            _ADVANCING_INTERVAL_SECONDS,
            least_pause_seconds=_ADVANCING_PAUSE_SECONDS,
            after_failure=_AFTER_FAILURE,
        )
        self._advance = advance
        self._leads = leads

    def _run_pass(self, *, is_woken: bool) -> None:  # noqa: ARG002  (all is in the database)
        while self._leads() and self._advance() and not self._closing.is_set():
            pass
