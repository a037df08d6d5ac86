"""Back-off: the pauses between attempts at something that fails for a while. Standard library only."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

_LARGEST_EXPONENT = 64
"""Keeps ``growth ** attempt`` finite, long after every pause has reached its limit."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that grow with each failed attempt up to a limit.

    Attributes:
        first_seconds: the first pause.
        longest_seconds: the limit, jitter excluded.
        growth: the factor between one pause and the next.
        jitter: the part of a pause, from 0 to 1, by which it is shortened at random, so that clients that failed
            together do not come back together.
    """

    first_seconds: float
    longest_seconds: float
    growth: float = 2.0
    jitter: float = 0.0

    def seconds(self, attempt: int) -> float:
        """Return the pause after failed attempt number ``attempt``, counted from 0."""
        import random  # noqa: PLC0415  (slow, and only for repeated requests)

        pause = min(self.first_seconds * self.growth ** min(attempt, _LARGEST_EXPONENT), self.longest_seconds)
        if not self.jitter:
            return pause
        return pause * random.uniform(1 - self.jitter, 1)  # noqa: S311  (spreads load; not a secret)

    def __iter__(self) -> Iterator[float]:
        """Yield the pauses after the first failed attempt, the second, and so on, without end."""
        return map(self.seconds, count())
