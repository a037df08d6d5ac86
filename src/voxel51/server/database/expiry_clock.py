"""Expiry clock: decide whether the wall clock may be believed before anything that has expired is deleted.

A wrong date must not delete data. The platform records the time at which it last looked at the clock. If the clock is
more than a day ahead of that time and of the time that has passed since, then either the clock was set forward, or the
platform was off. Nothing expires then until the platform has run for a grace period, in which operators can set the
clock right and users can extend lifetimes. After a gap that is too long to be believed, nothing expires at all before
the operator increases the limit or sets the clock right.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Float, Integer, Table, insert, select, update

from voxel51.server.database.database import Database
from voxel51.server.database.schema import metadata
from voxel51.server.database.types import Moment
from voxel51.wire import dates

log = logging.getLogger(__name__)

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seen_at", Moment, nullable=False),  # the last time at which the clock was believed
    Column("run_seconds", Float, nullable=False),  # how long the platform has run since it is not believed
    Column("steady_seconds", Float, nullable=False),  # how long of this the clock has not jumped again
)
"""Has one row, with id 1, from the first start on."""

_TOLERANCE = timedelta(days=1)
"""The clock may be ahead by this much without a doubt."""

_LONGEST_ELAPSED_SECONDS = 3600.0
"""Most time that counts as passed between two checks. They follow each other in seconds; a longer pause means that the
process was suspended, or that the monotonic clock was changed too."""

_RECORD_INTERVAL = timedelta(minutes=1)
"""Time after which the present time is recorded again, so that not every check writes."""


@dataclass(frozen=True, slots=True)
class GapLimits:
    """Limits of gaps of the clock.

    Attributes:
        grace: time for which the platform must run after a gap before anything expires.
        longest: length of a gap after which nothing expires at all.
    """

    grace: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class _Check:
    """The two clocks when the wall clock was examined, and what was wrong with it."""

    now: datetime
    monotonic: float
    problem: str | None


class ExpiryClock:
    """Tells whether what has expired by the wall clock may be deleted."""

    def __init__(self, database: Database, limits: GapLimits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._limits = limits
        self._monotonic = monotonic
        self._last: _Check | None = None

    @property
    def problem(self) -> str | None:
        """Reason why nothing expires, as of the last check; None if the clock is believed."""
        return self._last.problem if self._last is not None else None

    def is_believed(self) -> bool:
        """Return whether what has expired may be deleted, by the last check and the time since. Safe in any thread."""
        last = self._last
        return last is not None and last.problem is None and self._elapsed(last, dates.now(), self._monotonic())[1]

    def check(self) -> bool:
        """Examine the clock, record the result, and return whether what has expired may be deleted.

        Only one thread may call this.
        """
        now, monotonic, last = dates.now(), self._monotonic(), self._last
        elapsed, is_steady = (timedelta(0), True) if last is None else self._elapsed(last, now, monotonic)
        with self._database.write(durable=False) as connection:
            problem = self._examine(connection, now, elapsed, is_steady)
        if problem is not None and self.problem is None:
            log.warning("%s", problem)
        self._last = _Check(now, monotonic, problem)
        return problem is None

    def follow(self) -> bool:
        """Return whether what has expired may be deleted, as the process that leads has found, and record nothing.

        Only one thread may call this or `check`.
        """
        now, monotonic = dates.now(), self._monotonic()
        with self._database.read() as connection:
            row = connection.execute(select(clock).where(clock.c.id == 1)).first()
        problem = None
        if row is None or row.run_seconds or now - row.seen_at > _TOLERANCE:
            problem = "nothing expires: the clock is in doubt, or the process that checks it does not run"
        self._last = _Check(now, monotonic, problem)
        return problem is None

    def _elapsed(self, last: _Check, now: datetime, monotonic: float) -> tuple[timedelta, bool]:
        """Return the time since the last check, and whether the wall clock moved on by it."""
        elapsed = timedelta(seconds=min(max(0.0, monotonic - last.monotonic), _LONGEST_ELAPSED_SECONDS))
        return elapsed, abs(now - last.now - elapsed) <= _TOLERANCE

    def _examine(self, connection: Connection, now: datetime, elapsed: timedelta, is_steady: bool) -> str | None:
        row = connection.execute(select(clock).where(clock.c.id == 1)).first()
        if row is None:
            connection.execute(insert(clock).values(id=1, **_believed(now)))
            return None
        gap, run = now - row.seen_at, timedelta(seconds=row.run_seconds) + elapsed
        if gap <= run + _TOLERANCE:
            if row.run_seconds or not timedelta(0) <= gap < _RECORD_INTERVAL:
                connection.execute(update(clock).values(_believed(now)))
            return None
        # A second jump of the clock restarts the grace period.
        steady = timedelta(seconds=row.steady_seconds) + elapsed if is_steady else timedelta(0)
        if gap <= self._limits.longest and steady >= self._limits.grace:
            log.info("data and outputs expire again: the clock has been steady since it moved on by %s", gap)
            connection.execute(update(clock).values(_believed(now)))
            return None
        values = {"run_seconds": run.total_seconds(), "steady_seconds": steady.total_seconds()}
        connection.execute(update(clock).values(values))
        return self._text(row.seen_at, now, steady)

    def _text(self, seen_at: datetime, now: datetime, steady: timedelta) -> str:
        gap = now - seen_at
        text = (
            f"nothing expires: the clock says {dates.to_text(now)}, {gap.days} days after the platform looked at it "
            f"last ({dates.to_text(seen_at)})"
        )
        if gap > self._limits.longest:
            return f"{text}. Set the clock right; if it is, set expiry_gap_days to more than {gap.days} and restart"
        hours = (self._limits.grace - steady).total_seconds() / 3600
        return f"{text}. Set the clock right; if it is, expired data and outputs are deleted in {hours:.1f} hours"


def _believed(now: datetime) -> dict[str, object]:
    return {"seen_at": now, "run_seconds": 0.0, "steady_seconds": 0.0}
