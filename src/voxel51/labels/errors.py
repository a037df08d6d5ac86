"""What can be wrong with a label document, and where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document.

    Attributes:
        path: where, as in ``frames.12.objects.objects[3].bounding_box``; empty for the document as a whole.
        text: what is wrong, with the value.
        fatal: readers of the format refuse the document because of it. The others read it and go wrong later.
    """

    path: str
    text: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"{self.path or 'document'}: {self.text}"


class InvalidLabels(ValueError):
    """A document that cannot be read as labels. Its text names the first problems, `problems` has them all."""

    SHOWN = 5

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        shown = "; ".join(str(problem) for problem in self.problems[: self.SHOWN])
        more = len(self.problems) - self.SHOWN
        super().__init__(f"not valid labels: {shown}" + (f"; and {more} more" if more > 0 else ""))
