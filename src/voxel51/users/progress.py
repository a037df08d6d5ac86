"""Progress reports: show the progress of transfers and jobs as bars in a terminal or notebook, or call a function."""

import sys
from collections.abc import Callable
from typing import Protocol, TypeVar

from voxel51.wire.jobs import JobRecord
from voxel51.wire.tasks import TaskStatusDocument

Report = TypeVar("Report", bound=Callable[..., None])

BytesProgress = Callable[[int, int], None]
"""Function that receives the number of transferred bytes and their total, possibly from another thread."""

JobProgress = Callable[[JobRecord, TaskStatusDocument | None], None]
"""Function that receives a job and its status after each poll; the status is None until the job has one."""


class _Bar(Protocol):
    n: float
    total: float | None

    def set_description_str(self, desc: str) -> None: ...
    def refresh(self) -> object: ...
    def close(self) -> None: ...


class BytesBar:
    """Progress bar of one transfer, or of a number of items. It appears with the first report and ends with the last.

    Args:
        label: the text before the bar.
        unit: ``B`` for bytes, which are scaled; other units are counted.
    """

    def __init__(self, label: str, unit: str = "B") -> None:
        self._label = label
        self._unit = unit
        self._bar: _Bar | None = None
        self._is_over = False

    def __call__(self, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` are done."""
        if self._is_over:
            return
        if self._bar is None:
            self._bar = _new_bar(total, self._label, self._unit)
        self._bar.n, self._bar.total = done, total
        self._bar.refresh()
        if total is not None and done >= total:
            self._is_over = True
            self._bar.close()


class JobBars:
    """Progress bars of jobs that are waited for, one for each job."""

    def __init__(self) -> None:
        self._bars: dict[str, _Bar] = {}
        self._over: set[str] = set()

    def __call__(self, job: JobRecord, status: TaskStatusDocument | None) -> None:
        """Show the state and progress of a job."""
        if job["id"] in self._over:
            return
        if job["id"] not in self._bars:
            self._bars[job["id"]] = _new_bar(100, job["name"], "%")
        bar = self._bars[job["id"]]
        progress = None if status is None else status.get("progress")
        fraction = None if progress is None else progress.get("fraction")
        is_over = job["state"] in {"COMPLETE", "FAILED"}
        bar.n = 100 if job["state"] == "COMPLETE" else round(100 * fraction) if fraction is not None else bar.n
        bar.set_description_str(f"{job['name']}: {job['state'].lower()}")
        bar.refresh()
        if is_over:
            self._over.add(job["id"])
            self._bars.pop(job["id"]).close()


def progress_reporter(progress: bool | Report | None, label: str, unit: str = "B") -> "BytesBar | Report | None":
    """Return the function that receives the progress of a transfer: a new bar if ``progress`` is True."""
    return BytesBar(label, unit) if progress is True else progress or None


def job_progress_reporter(progress: bool | JobProgress | None) -> JobProgress | None:
    """Return the function that receives the progress of jobs: new bars if ``progress`` is True."""
    return JobBars() if progress is True else progress or None


def _new_bar(total: float | None, label: str, unit: str) -> _Bar:
    if not (sys.stderr.isatty() or _is_notebook()):
        return _TextLine(total, label, unit)
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415  (an extra, and slow to import)
    except ImportError:
        return _TextLine(total, label, unit)
    bar: _Bar = tqdm(total=total, desc=label, unit=unit, unit_scale=unit == "B")
    return bar


def _is_notebook() -> bool:
    """Return whether this is a notebook, which shows bars although standard error is not a terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


class _TextLine:
    """Replacement for tqdm: one line on standard error, rewritten on terminals, and elsewhere written at the end."""

    def __init__(self, total: float | None, label: str, unit: str) -> None:
        self.n: float = 0
        self.total = total
        self._label = label
        self._unit = unit
        self._text = ""

    def set_description_str(self, desc: str) -> None:
        """Replace the text before the number."""
        self._label = desc

    def refresh(self) -> None:
        """Show the present state."""
        amount = f"{100 * self.n / self.total:.0f} %" if self.total else f"{self.n:.0f} {self._unit}"
        text = f"{self._label}: {amount}"
        if text != self._text and sys.stderr.isatty():
            sys.stderr.write(f"\r{text.ljust(len(self._text))}")
            sys.stderr.flush()
        self._text = text

    def close(self) -> None:
        """Write the last state and end the line."""
        sys.stderr.write(f"\r{self._text}\n" if sys.stderr.isatty() else f"{self._text}\n")
        sys.stderr.flush()
