"""Benchmark figures: medians, and ratios of measurements made side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One row of the table: our measurements and others, both in ``unit`` and paired run by run, and the goal."""

    name: str
    unit: str
    ours: Sequence[float]
    other_name: str
    other: Sequence[float]
    goal: str

    @property
    def ratio(self) -> float:
        """The median of the ratios pair by pair, which does not depend on a drift of the machine's speed."""
        return median(a / b for a, b in zip(self.ours, self.other, strict=True))


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = [
        f"| {f.name} | {median(f.ours):.4g} {f.unit} | {median(f.other):.4g} {f.unit} ({f.other_name}) "
        f"| {f.ratio:.2f} | {f.goal} | {len(f.ours)} |"
        for f in figures
    ]
    head = ["| measured | ours, median | other, median | ratio | goal | runs |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])
