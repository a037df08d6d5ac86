"""What a benchmark reports: medians, and the ratio to what was measured beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One row: ours against another, both in ``unit``, paired run by run, and the ratio that is the goal."""

    what: str
    unit: str
    ours: Sequence[float]
    other_name: str
    other: Sequence[float]
    goal: str

    @property
    def ratio(self) -> float:
        """Median of the ratios pair by pair: it holds when the machine's speed drifts."""
        return median(a / b for a, b in zip(self.ours, self.other, strict=True))


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [
        f"| {f.what} | {median(f.ours):.4g} {f.unit} | {median(f.other):.4g} {f.unit} ({f.other_name}) "
        f"| {f.ratio:.2f} | {f.goal} | {len(f.ours)} |"
        for f in figures
    ]
    head = ["| what | ours, median | against, median | ratio | goal | runs |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])
