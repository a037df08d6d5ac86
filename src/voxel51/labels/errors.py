"""Label errors: problems of a label document, and the exception that reports them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a document.

    Attributes:
        path: location, such as ``frames.12.objects.objects[3].bounding_box``; empty for the document as a whole.
        text: description of the problem, with the value.
        fatal: whether readers of the format reject the document because of it. They accept other problems and may fail
            later.
    """

    path: str
    text: str
    fatal: bool = False

    def __str__(self) -> str:
        return f"{self.path or 'document'}: {self.text}"


class InvalidLabels(ValueError):
    """Document that cannot be read as labels. The text names the first problems; `problems` has all of them."""

    SHOWN = 5

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        shown = "; ".join(str(problem) for problem in self.problems[: self.SHOWN])
        more = len(self.problems) - self.SHOWN
        super().__init__(f"not valid labels: {shown}" + (f"; and {more} more" if more > 0 else ""))
