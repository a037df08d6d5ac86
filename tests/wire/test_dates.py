"""Dates as ISO 8601 text in UTC with milliseconds."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from voxel51.wire.dates import from_text, now, to_text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2020, 1, 31, 12, tzinfo=UTC), "2020-01-31T12:00:00.000Z"),
        (datetime(2020, 1, 31, 12, 0, 0, 123999, tzinfo=UTC), "2020-01-31T12:00:00.123Z"),
        (datetime(2020, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))), "2020-01-30T23:00:00.000Z"),
        (datetime(2020, 1, 31), "2020-01-31T00:00:00.000Z"),  # noqa: DTZ001  (one without a zone is meant)
        (datetime(999, 1, 1, tzinfo=UTC), "0999-01-01T00:00:00.000Z"),
    ],
)
def test_a_moment_is_written_in_utc(moment, text):
    assert to_text(moment) == text
    assert datetime.fromisoformat(text).tzinfo is not None


@pytest.mark.parametrize(
    "text", ["2020-01-31T12:00:00Z", "2020-01-31T14:00:00+02:00", "2020-01-31 12:00:00", "2020-01-31T12:00:00.000000"]
)
def test_every_format_that_clients_send_is_read(text):
    assert from_text(text) == datetime(2020, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "2020-13-01", "12:00", "9999-12-31T23:59:59-14:00"])
def test_an_invalid_date_is_quoted(text):
    with pytest.raises(ValueError, match="ISO 8601"):
        from_text(text)


def test_the_present_time_survives_a_round_trip():
    moment = now()
    assert from_text(to_text(moment)) == moment
