"""Expiry clock: a wrong date deletes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from support.databases import migrated_sqlite
from voxel51.server.database.database import Database
from voxel51.server.database.expiry_clock import ExpiryClock, GapLimits
from voxel51.wire import dates

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMITS = GapLimits(grace=6 * HOUR, longest=90 * DAY)


class Machine:
    """A machine whose clock can be set, on which a platform runs."""

    def __init__(self, database):
        self.database = database
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.uptime = 0.0
        self.start()

    def start(self):
        self.clock = ExpiryClock(self.database, LIMITS, lambda: self.uptime)

    def run(self, time, step=HOUR / 2):
        """Let time pass, and return the result of the last check of many."""
        result = self.clock.check()
        for _ in range(int(time / step)):
            self.now += step
            self.uptime += step.total_seconds()
            result = self.clock.check()
        return result


@pytest.fixture
def machine(tmp_path, monkeypatch):
    database = Database(migrated_sqlite(tmp_path / "platform.sqlite"))
    machine = Machine(database)
    monkeypatch.setattr(dates, "now", lambda: machine.now)
    yield machine
    database.close()


def test_steady_clock_is_believed(machine):
    assert not machine.clock.is_believed()
    assert machine.run(3 * DAY)
    assert machine.clock.is_believed()
    assert machine.clock.problem is None


def test_small_gaps_and_backward_steps_are_believed(machine):
    machine.run(HOUR)
    for step in (23 * HOUR, -400 * DAY, HOUR):
        machine.now += step
        assert machine.clock.check()


@pytest.mark.parametrize("restarts", [False, True])
def test_gap_is_believed_after_the_grace_period(machine, restarts):
    machine.run(HOUR)
    machine.now += 30 * DAY
    assert not machine.clock.is_believed()
    if restarts:
        machine.start()

    assert not machine.run(5 * HOUR)
    assert "30 days after the platform looked at it last" in machine.clock.problem
    if restarts:
        machine.start()
    assert machine.run(2 * HOUR)
    assert machine.clock.is_believed()


@pytest.mark.parametrize("restarts", [False, True])
def test_absurd_gap_is_not_believed_until_the_clock_is_right(machine, restarts):
    machine.run(HOUR)
    machine.now += 365 * DAY
    if restarts:
        machine.start()

    assert not machine.run(10 * DAY)
    assert "set expiry_gap_days to more than 375" in machine.clock.problem

    machine.now -= 365 * DAY
    assert machine.run(HOUR)


def test_second_jump_restarts_the_grace_period(machine):
    machine.run(HOUR)
    machine.now += 30 * DAY
    machine.run(5 * HOUR)
    machine.now += 30 * DAY

    assert not machine.run(5 * HOUR)
    assert machine.run(2 * HOUR)


def test_jump_of_both_clocks_is_not_believed(machine):
    machine.run(HOUR)
    machine.now += 365 * DAY
    machine.uptime += (365 * DAY).total_seconds()

    assert not machine.clock.is_believed()
    assert not machine.clock.check()
