"""Due times: cron expressions in time zones, also on days when clocks are changed."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from voxel51.server.errors import BadRequest
from voxel51.server.schedules.times import LONGEST_CRON, next_due, read_cron, read_time_zone


def due_times(cron: str, zone: str, after: str, count: int) -> list[str]:
    moment, found = datetime.fromisoformat(after).replace(tzinfo=UTC), []
    for _ in range(count):
        moment = next_due(cron, zone, moment)
        assert moment is not None
        assert moment.tzinfo is UTC
        found.append(moment.strftime("%m-%d %H:%M"))
    return found


def test_times_are_those_of_the_time_zone():
    assert due_times("30 4 * * *", "UTC", "2030-01-01 04:30", 1) == ["01-02 04:30"]
    assert due_times("30 4 * * *", "Asia/Kolkata", "2030-01-01 12:00", 2) == ["01-01 23:00", "01-02 23:00"]
    assert due_times("0 6 * * MON", "America/New_York", "2030-01-01 12:00", 1) == ["01-07 11:00"]
    assert due_times("0 0 29 2 *", "UTC", "2030-01-01 12:00", 1) == ["02-29 00:00"]


def test_a_time_that_the_change_of_clocks_leaves_out_is_due_when_the_gap_ends():
    # In Berlin, 2 o'clock on 2030-03-31 is 3 o'clock, which is 1 o'clock UTC.
    assert due_times("30 2 * * *", "Europe/Berlin", "2030-03-30 00:00", 3) == [
        "03-30 01:30",
        "03-31 01:00",
        "04-01 00:30",
    ]
    assert due_times("*/30 * * * *", "Europe/Berlin", "2030-03-31 00:00", 3) == [
        "03-31 00:30",
        "03-31 01:00",
        "03-31 01:30",
    ]


def test_a_time_that_comes_twice_is_due_once_and_intervals_go_on():
    # In Berlin, 3 o'clock on 2030-10-27 is 2 o'clock again, which is 1 o'clock UTC.
    assert due_times("30 2 * * *", "Europe/Berlin", "2030-10-26 12:00", 2) == ["10-27 00:30", "10-28 01:30"]
    twice = due_times("*/30 * * * *", "Europe/Berlin", "2030-10-26 23:30", 5)
    assert twice == ["10-27 00:00", "10-27 00:30", "10-27 01:00", "10-27 01:30", "10-27 02:00"]


def test_a_platform_that_starts_in_the_second_of_two_equal_hours_does_not_go_back():
    assert due_times("30 2 * * *", "Europe/Berlin", "2030-10-27 01:15", 1) == ["10-28 01:30"]


def test_due_times_always_increase():
    for cron in ("17 * * * *", "*/7 1-3 * * *", "0 2,3 * * SUN", "59 2 L * *"):
        for zone in ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca"):
            times, moment = [], datetime(2030, 2, 1, tzinfo=UTC)
            for _ in range(100):
                moment = next_due(cron, zone, moment)
                times.append(moment)
            assert all(first < second for first, second in pairwise(times)), (cron, zone)


def test_expressions_are_checked():
    assert read_cron(" 0   3 * * mon-fri ") == "0 3 * * mon-fri"
    for invalid, reason in (
        ("", "five fields"),
        ("@daily", "five fields .*not '@daily'"),
        ("* * * * * *", "five fields"),
        ("61 * * * *", "bad minute in '61"),
        ("0 3 * * FUNDAY", "bad day-of-week"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 3 * * \x00", "bad day-of-week"),
        ("0" * (LONGEST_CRON + 1), "characters"),
    ):
        with pytest.raises(BadRequest, match=reason):
            read_cron(invalid)


def test_time_zones_are_checked():
    assert read_time_zone("Europe/Berlin") == "Europe/Berlin"
    for invalid in ("", "Europe", "../../etc/passwd", "/etc/localtime", "Mars/Phobos", "x" * 10_000, "\x00"):
        with pytest.raises(BadRequest, match="IANA"):
            read_time_zone(invalid)
