"""Showing how far something is: to a function, or as a bar in a terminal or a notebook."""

import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from voxel51.wire.jobs import JobRecord
from voxel51.wire.tasks import TaskStatusDocument

Report = TypeVar("Report", bound=Callable[..., None])

BytesProgress = Callable[[int, int], None]
"""Receives how many bytes are there, and of how many, now and then, perhaps from another thread."""

JobProgress = Callable[[JobRecord, TaskStatusDocument | None], None]
"""Receives a job and its status whenever they were looked at; the status is None while there is none."""


class _Bar(Protocol):
    n: float
    total: float | None

    def set_description_str(self, desc: str) -> None: ...
    def refresh(self) -> None: ...
    def close(self) -> None: ...


class BytesBar:
    """A bar for one transfer, or for a number of things: it appears with the first report and ends with the last."""

    def __init__(self, label: str, unit: str = "B") -> None:
        self._label = label
        self._unit = unit
        self._bar: _Bar | None = None
        self._is_over = False

    def __call__(self, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` are there."""
        if self._is_over:
            return
        if self._bar is None:
            self._bar = _new_bar(total=total, desc=self._label, unit=self._unit, unit_scale=self._unit == "B")
        self._bar.n, self._bar.total = done, total
        self._bar.refresh()
        if total is not None and done >= total:
            self._is_over = True
            self._bar.close()


class JobBars:
    """A bar for each job that is waited for."""

    def __init__(self) -> None:
        self._bars: dict[str, _Bar] = {}
        self._over: set[str] = set()

    def __call__(self, job: JobRecord, status: TaskStatusDocument | None) -> None:
        """Show where a job stands."""
        if job["id"] in self._over:
            return
        if job["id"] not in self._bars:
            self._bars[job["id"]] = _new_bar(total=100, desc=job["name"], unit="%", unit_scale=False)
        bar = self._bars[job["id"]]
        said = None if status is None else status.get("progress")
        fraction = None if said is None else said.get("fraction")
        is_over = job["state"] in {"COMPLETE", "FAILED"}
        bar.n = 100 if job["state"] == "COMPLETE" else round(100 * fraction) if fraction is not None else bar.n
        bar.set_description_str(f"{job['name']}: {job['state'].lower()}")
        bar.refresh()
        if is_over:
            self._over.add(job["id"])
            self._bars.pop(job["id"]).close()


def shown(progress: bool | Report | None, label: str, unit: str = "B") -> "BytesBar | Report | None":
    """What to report a transfer to: a bar where ``progress`` is True, else the function, if any."""
    return BytesBar(label, unit) if progress is True else progress or None


def shown_jobs(progress: bool | JobProgress | None) -> JobProgress | None:
    """What to report jobs to: bars where ``progress`` is True, else the function, if any."""
    return JobBars() if progress is True else progress or None


def _new_bar(**options: Any) -> Any:
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415  (an extra, and slow to load)
    except ImportError:
        return _Line(options["total"], options["desc"], options["unit"])
    return tqdm(**options)


class _Line:
    """The same without tqdm: one line on the standard error, written again whenever it says something new."""

    def __init__(self, total: float | None, desc: str, unit: str) -> None:
        self.n: float = 0
        self.total = total
        self._description = desc
        self._unit = unit
        self._said = ""

    def set_description_str(self, desc: str) -> None:
        """Say something else in front."""
        self._description = desc

    def refresh(self) -> None:
        """Show the present state."""
        amount = f"{100 * self.n / self.total:.0f} %" if self.total else f"{self.n:.0f} {self._unit}"
        text = f"{self._description}: {amount}"
        if text != self._said and sys.stderr.isatty():
            sys.stderr.write(f"\r{text.ljust(len(self._said))}")
            sys.stderr.flush()
        self._said = text

    def close(self) -> None:
        """Leave the last state there."""
        sys.stderr.write(f"\r{self._said}\n")
        sys.stderr.flush()
