"""Expiration dates, in both ways of setting them."""

from datetime import UTC, datetime, timedelta

import pytest

from voxel51.server.data.lifetime import changed_expiration, first_expiration
from voxel51.server.errors import BadRequest

PRESENT = datetime(2030, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "expiration"),
    [
        ({"days": "2.0"}, datetime(2030, 1, 12, tzinfo=UTC)),
        ({"days": -1.5}, datetime(2030, 1, 8, 12, tzinfo=UTC)),
        ({"days": 0}, PRESENT),
        ({"days": -900_000}, datetime(1, 1, 1, tzinfo=UTC)),
        ({"expiration_date": "2031-01-01T00:00:00+02:00"}, datetime(2030, 12, 31, 22, tzinfo=UTC)),
        ({"expiration_date": "2031-01-01"}, datetime(2031, 1, 1, tzinfo=UTC)),
        ({"expiration_date": "2031-01-01T12:00:00.123456"}, datetime(2031, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_change_moves_expiration_date(change, expiration):
    assert changed_expiration(change, PRESENT) == expiration


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"days": 1, "expiration_date": "2031-01-01"},
        {"days": "x"},
        {"days": "nan"},
        {"days": "inf"},
        {"days": "1e300"},
        {"days": ""},
        {"expiration_date": "yesterday"},
        {"expiration_date": ""},
        {"expiration_date": "0001-01-01T00:00:00+14:00"},
    ],
    ids=str,
)
def test_invalid_change_is_rejected(change):
    with pytest.raises(BadRequest):
        changed_expiration(change, PRESENT)


def test_default_lifetime_applies_without_a_date():
    usual = first_expiration(None, timedelta(days=3)) - datetime.now(UTC)
    assert timedelta(days=2.99) < usual <= timedelta(days=3)
    assert first_expiration("2999-01-01T00:00:00Z", timedelta(days=3)) == datetime(2999, 1, 1, tzinfo=UTC)


def test_past_expiration_date_is_rejected():
    with pytest.raises(BadRequest, match="past"):
        first_expiration("2001-01-01", timedelta(days=3))
