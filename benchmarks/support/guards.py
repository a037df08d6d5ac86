"""Guards: limits of ratios that depend on the code, not on the machine, so that CI can hold them.

A benchmark module with a function ``guard`` returns its limits; ``python -m benchmarks --guard`` measures them all. A
limit is about twice the present ratio: it catches what makes something several times as expensive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_TRIES = 3


@dataclass(frozen=True)
class Limit:
    """A ratio that was measured, and the most that it may be."""

    name: str
    ratio: float
    most: float

    @property
    def is_kept(self) -> bool:
        """Whether the ratio is within the limit."""
        return self.ratio <= self.most


def lowest(measure: Callable[[], float], most: float) -> float:
    """Return the lowest of some measured ratios; measure again only while it exceeds ``most``.

    Other processes on the machine make a measurement worse, never better.
    """
    ratio = measure()
    for _ in range(_TRIES - 1):
        if ratio <= most:
            break
        ratio = min(ratio, measure())
    return ratio


def table(limits: Sequence[Limit]) -> str:
    """Return the limits as a Markdown table."""
    rows = [f"| {each.name} | {each.ratio:.2f} | {each.most:g} | {_word(each)} |" for each in limits]
    return "\n".join(["| ratio | measured | at most | |", "|---|---|---|---|", *rows])


def _word(limit: Limit) -> str:
    return "kept" if limit.is_kept else "EXCEEDED"
