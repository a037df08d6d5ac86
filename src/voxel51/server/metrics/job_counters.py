"""Job counters: how many jobs of each analytic were queued, started and ended, and how long they waited and ran."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Row, Select, func, select

from voxel51.server.analytics.tables import analytics
from voxel51.server.database.database import Database
from voxel51.server.events.tables import events
from voxel51.server.jobs.tables import jobs
from voxel51.wire.analytics import AnalyticScope
from voxel51.wire.events import EventName

_COUNTED = {
    EventName.QUEUED.value: "queued",
    EventName.RUNNING.value: "started",
    EventName.COMPLETE.value: "completed",
    EventName.FAILED.value: "failed",
}
_PAGE_SIZE = 5_000
"""Number of events that one query reads: a platform that was not scraped for a while has many."""

PRIVATE = "private"
"""Label of all analytics that are not public: their names are their owners' business, and there may be many."""


class JobCounters(Collector):
    """Counters of job events since the platform started. Jobs that are deleted later stay counted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        with database.read() as connection:
            self._last_id: int = connection.execute(select(func.coalesce(func.max(events.c.id), 0))).scalar_one()
        self._events: Counter[tuple[str, str, str]] = Counter()
        self._run_seconds: dict[str, float] = {}
        self._wait_seconds: dict[str, float] = {}

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the counters, after counting the events since the last call."""
        with self._lock:
            with self._database.read() as connection:
                while self._count_page(connection):
                    pass
            number = CounterMetricFamily(
                "voxel51_jobs", "Jobs by what happened to them.", labels=("event", "analytic", "failure_type")
            )
            for labels, count in self._events.items():
                number.add_metric(labels, count)
            yield number
            yield _seconds("voxel51_job_run_seconds", "Run time of ended jobs.", self._run_seconds)
            yield _seconds("voxel51_job_wait_seconds", "Time that started jobs were queued.", self._wait_seconds)

    def _count_page(self, connection: Connection) -> bool:
        """Count the next events; return whether there may be more."""
        rows = connection.execute(_events_after(self._last_id)).all()
        for row in rows:
            self._last_id = row.id
            if row.name in _COUNTED:
                self._count(row)
        return len(rows) == _PAGE_SIZE

    def _count(self, row: Row[*tuple[object, ...]]) -> None:
        analytic = row.analytic if row.scope == AnalyticScope.PUBLIC else PRIVATE
        failure_type = str(row.document.get("failure_type", "")) if row.name == EventName.FAILED else ""
        self._events[_COUNTED[row.name], analytic, failure_type] += 1
        if row.name == EventName.RUNNING:
            _add(self._wait_seconds, analytic, row.queued_at, row.start_date)
        elif row.name in (EventName.COMPLETE, EventName.FAILED):
            _add(self._run_seconds, analytic, row.start_date, row.completion_date or row.fail_date)


def _events_after(last_id: int) -> Select[*tuple[object, ...]]:
    of_event = (events.c.id, events.c.name, events.c.document)
    of_job = (jobs.c.queued_at, jobs.c.start_date, jobs.c.completion_date, jobs.c.fail_date)
    return (
        select(*of_event, *of_job, analytics.c.name.label("analytic"), analytics.c.scope)
        .outerjoin(jobs, jobs.c.id == events.c.job_id)
        .outerjoin(analytics, analytics.c.id == jobs.c.analytic_id)
        .where(events.c.id > last_id)
        .order_by(events.c.id)
        .limit(_PAGE_SIZE)
    )


def _add(totals: dict[str, float], analytic: str, begin: datetime | None, end: datetime | None) -> None:
    if begin is not None and end is not None:
        totals[analytic] = totals.get(analytic, 0.0) + max(0.0, (end - begin).total_seconds())


def _seconds(name: str, text: str, totals: dict[str, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=("analytic",))
    for analytic, seconds in totals.items():
        family.add_metric((analytic,), seconds)
    return family
