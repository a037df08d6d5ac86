"""Reload: bring the running platform to the packages that are installed now, without touching jobs that run."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voxel51.server.analytics.installed import Installation
from voxel51.server.reload_report import ReloadReport, summary_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReloadSteps:
    """Steps of a reload. Each raises `OSError` or `RuntimeError` to end it.

    Attributes:
        find: finds what installed packages offer now.
        load_for_next_jobs: imports the analytics in a new process, which starts the next jobs.
        register: updates the catalogue.
    """

    find: Callable[[], Installation]
    load_for_next_jobs: Callable[[Installation], None]
    register: Callable[[Installation], None]


class PackageReload:
    """Installed packages of a running platform, and their reload.

    Args:
        installed: what was found when the platform started.
        steps: steps of a reload.
        publish: called with the report of every reload.
    """

    def __init__(self, installed: Installation, steps: ReloadSteps, publish: Callable[[ReloadReport], None]) -> None:
        self._installed = installed
        self._steps = steps
        self._publish = publish
        self._one_at_a_time = threading.Lock()
        self._last_started_at = 0.0
        self._is_closed = False

    @property
    def installed(self) -> Installation:
        """Packages that the platform uses at present."""
        return self._installed

    def request(self) -> None:
        """Begin a reload in a thread and return. A request is also served by a reload that begins after it."""
        # Daemon: finding the packages may take minutes, which must not delay the end of the platform.
        threading.Thread(target=self._serve, args=(time.monotonic(),), name="reload", daemon=True).start()

    def close(self) -> None:
        """Change nothing from now on."""
        self._is_closed = True

    def _serve(self, requested_at: float) -> None:
        with self._one_at_a_time:
            if self._is_closed or self._last_started_at >= requested_at:
                return
            self._publish(self.run())

    def run(self) -> ReloadReport:
        """Reload now and return the report."""
        self._last_started_at = time.monotonic()
        before = self._installed
        try:
            self._apply()
        except (OSError, RuntimeError) as error:
            log.error("the installed packages could not be reloaded: %s", error)  # noqa: TRY400  (no defect of ours)
            return _report(self._last_started_at, before, before, str(error))
        report = _report(self._last_started_at, before, self._installed)
        log.info("reloaded the installed packages: %s", summary_of(report))
        return report

    def _apply(self) -> None:
        found = self._steps.find()
        if self._is_closed:
            raise RuntimeError("the platform is stopping")
        # First the process, then the catalogue: a job of a new analytic may arrive as soon as the catalogue has it.
        self._steps.load_for_next_jobs(found)
        self._steps.register(found)
        self._installed = found


def _report(started_at: float, before: Installation, after: Installation, failure: str | None = None) -> ReloadReport:
    old = {each.entry_point: each for each in before.analytics}
    new = {each.entry_point: each for each in after.analytics}
    changed = [name for name in new if name in old and new[name].document != old[name].document]
    return {
        "started_at": started_at,
        "added": [_name(new[name].document, name) for name in new if name not in old],
        "changed": [_name(new[name].document, name) for name in changed],
        "removed": [_name(old[name].document, name) for name in old if name not in new],
        "errors": {} if failure else dict(after.errors),
        "failure": failure,
    }


def _name(document: Mapping[str, object], entry_point: str) -> str:
    info = document["info"]
    return f"{entry_point} {info['version']}" if isinstance(info, Mapping) else entry_point
