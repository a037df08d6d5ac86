"""Spares: children of the zygote that are started before it is known which jobs they will run.

Start and sandbox of a child take tens of milliseconds, in which the kernel mostly waits. While jobs are rare, one spare
is kept, and the next is started after a pause: its start must not delay the short job that took the one before. While
launches follow each other closely, a queue is waiting: more are kept, and replaced at once.
"""

import math
import time
from collections.abc import Callable
from typing import Generic, TypeVar

PAUSE_SECONDS = 0.2
"""Delay between a launch and the start of the next spare. Launches that follow each other within it are close."""

_RARE, _CLOSE = 1, 2
"""Number of spares while launches are rare, and while they are close."""

_AFTER_FAILURE_SECONDS = 1.0

Child = TypeVar("Child")


class Spares(Generic[Child]):
    """Spares of one zygote.

    Args:
        start: starts a child; raises `OSError` if that is impossible now.

    Attributes:
        waiting: the spares, the oldest first.
    """

    def __init__(self, start: Callable[[], Child]) -> None:
        self._start = start
        self.waiting: list[Child] = []
        self._wanted = _RARE
        self._taken_at = -math.inf
        self._due = 0.0

    @property
    def due(self) -> float:
        """Time, on the monotonic clock, at which `keep` will start a spare; infinity if there are enough."""
        return self._due if len(self.waiting) < self._wanted else math.inf

    def take(self) -> Child | None:
        """Remove and return the oldest spare for a launch; None if none waits."""
        return self.waiting.pop(0) if self.waiting else None

    def note_launch(self) -> None:
        """Plan the next spare after a launch."""
        now = time.monotonic()
        is_close = now - self._taken_at < PAUSE_SECONDS
        self._wanted = _CLOSE if is_close else _RARE
        self._taken_at = now
        self._due = now if is_close else now + PAUSE_SECONDS

    def hurry(self) -> None:
        """Start the next spare at once: no job is running that its start could delay."""
        self._due = min(self._due, time.monotonic())

    def keep(self) -> None:
        """Start a spare if one is due."""
        if time.monotonic() < self.due:
            return
        try:
            self.waiting.append(self._start())
        except OSError:  # no memory or process slot now: children are started when jobs arrive, or refused
            self._due = time.monotonic() + _AFTER_FAILURE_SECONDS
