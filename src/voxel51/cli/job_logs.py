"""Job logs on the command line: print the log of a job that has ended, and the live lines of a job that runs."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from voxel51.cli.printing import Printer, terminal_text
from voxel51.transport.errors import NotFound, PermissionDenied, ServerFailed
from voxel51.users.api import API
from voxel51.users.jobs import JobState
from voxel51.users.waiting import ENDED, Outage
from voxel51.wire.activity import JobActivity
from voxel51.wire.backoff import Backoff

_PAUSES = Backoff(first_seconds=0.5, longest_seconds=2.5, growth=1.3)
"""Pauses between two polls of a running job, which reports every 5 seconds what it has printed."""

_LOG_SECONDS = 20.0
"""Time for which the log of a job that has ended is waited for: the process of a cancelled one ends after its job."""

_LOG_POLL_SECONDS = 1.0

_COMPARED_CHARACTERS = 500
"""Length of the end of the live lines by which their place in the whole log is found."""


def add_follow_option(parser: argparse.ArgumentParser, what: str = "the job") -> None:
    """Declare ``--follow``, which lasts until ``what`` ends."""
    parser.add_argument("-f", "--follow", action="store_true", help=f"print new lines until {what} ends")


def print_log(
    api: API, job_id: str, options: argparse.Namespace, printer: Printer, document: Callable[[str], object] = str
) -> None:
    """Print the log of a job, or its live lines while it runs; until it ends, with ``--follow``.

    With ``--path`` it is written to a file. ``document`` returns what ``--json`` prints of it.

    Raises:
        NotFound: the job was not found, or has printed nothing yet.
        PermissionDenied: it has ended, and its analytic is public.
        ValueError: it is to be followed, and was not started.
    """
    path = getattr(options, "path", None)
    if options.follow:
        is_streamed = not (options.json or path)
        text = _follow(api, job_id, printer, is_streamed=is_streamed)
        if is_streamed:
            return
        if path:
            Path(path).write_text(text, encoding="utf-8")
    else:
        text = _log_so_far(api, job_id, path, printer)
    if path:
        printer.result(f"Logfile for job '{job_id}' written to '{path}'", {"path": path})
    else:
        printer.result(text.rstrip("\n"), document(text))


def _log_so_far(api: API, job_id: str, path: str | None, printer: Printer) -> str:
    """Return the log of a job, or its live lines; or write them to ``path``."""
    try:
        if path is None:
            return api.download_job_logfile(job_id)
        api.download_job_logfile(job_id, Path(path))
    except (NotFound, PermissionDenied):
        activity = api.get_job_activity(job_id)
        if activity["state"] in ENDED or not activity["log"]:
            raise
        if not printer.is_quiet:
            note = f"Job '{job_id}' is {activity['state']}. These are the last lines that it has reported"
            print(f"{note}; --follow prints new ones until it ends.", file=sys.stderr)
        if path is not None:
            Path(path).write_text(activity["log"], encoding="utf-8")
        return activity["log"]
    return ""


def _follow(api: API, job_id: str, printer: Printer, *, is_streamed: bool) -> str:
    """Print the lines of a job as it reports them, and at its end those after them; return all of them."""
    parts: list[str] = []

    def show(text: str) -> None:
        parts.append(text)
        if is_streamed:
            sys.stdout.write(terminal_text(text, sys.stdout))
            sys.stdout.flush()

    live, state = LiveLog(), ""
    for activity in _polls(api, job_id):
        if activity["state"] != state and not printer.is_quiet:
            print(f"Job '{job_id}' is {activity['state']}", file=sys.stderr)
        state = activity["state"]
        if state not in ENDED:
            show(live.added(activity))
            continue
        try:
            show(live.rest_of(_whole_log(api, job_id)))
        except (NotFound, PermissionDenied):
            if not activity["log"]:
                raise
            show(live.added(activity))
    return "".join(parts)


def _whole_log(api: API, job_id: str) -> str:
    """Return the log of a job that has ended, which may be stored some seconds after that.

    Raises:
        NotFound: it is not stored in time.
        PermissionDenied: the analytic is public.
    """
    last = time.monotonic() + _LOG_SECONDS
    while True:
        try:
            return api.download_job_logfile(job_id)
        except NotFound:
            if time.monotonic() > last:
                raise
        time.sleep(_LOG_POLL_SECONDS)


def _polls(api: API, job_id: str) -> Iterator[JobActivity]:
    """Yield the activity of a job again and again, up to that of its end. A platform that is away is waited for."""
    outage = Outage()
    for pause in _PAUSES:
        try:
            activity = api.get_job_activity(job_id)
        except ServerFailed as error:
            outage.note(error)
        else:
            outage.end()
            if activity["state"] == JobState.READY:
                raise ValueError(f"job '{job_id}' was not started. To start it: voxel51 jobs start {job_id}")
            yield activity
            if activity["state"] in ENDED:
                return
        time.sleep(pause)


class LiveLog:
    """Live lines of a job: the text in each reply of the platform that was not in the one before."""

    def __init__(self) -> None:
        self._begun: str | None = None
        self._end = 0
        self._tail = ""

    def added(self, activity: JobActivity) -> str:
        """Return the text that is new; after a notice if some is missing, or a new attempt at the job began."""
        samples, log, end = activity["samples"], activity["log"], activity["log_end"]
        begun = samples[0]["at"] if samples else None  # the first sample of an attempt is always kept
        notice = ""
        if self._tail and begun != self._begun:
            notice = "[a new attempt at the job begins]\n"
            self._end, self._tail = 0, ""
        self._begun = begun
        missing = end - len(log) - self._end
        if missing > 0:
            notice += f"[{missing} characters are omitted]\n"
        text = log[len(log) - (end - self._end) :] if missing <= 0 else log
        self._end, self._tail = end, (self._tail + text)[-_COMPARED_CHARACTERS:]
        return notice + text

    def rest_of(self, log: str) -> str:
        """Return the part of the whole log that follows the live lines; all of it if these are not found in it."""
        found = log.find(self._tail, max(0, self._end - len(self._tail)))
        return log if found < 0 else log[found + len(self._tail) :]
