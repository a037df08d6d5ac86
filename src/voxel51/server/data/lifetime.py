"""Expiration dates: read the two ways in which a request sets or changes them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypedDict

from msgspec import Meta

from voxel51.server.errors import BadRequest
from voxel51.server.parameters import FormField
from voxel51.wire import dates

_MAX_DAYS = 1_000_000
_Days = Annotated[float, Meta(ge=-_MAX_DAYS, le=_MAX_DAYS)]
_DaysText = Annotated[str, Meta(pattern=r"^[+-]?([0-9]{1,6}(\.[0-9]*)?|\.[0-9]+)$")]
_Date = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]

EXPIRY_FIELD = FormField("when it expires: a future date and time, ISO 8601", schema={"format": "date-time"})
"""The field of an upload that sets its expiration date."""


class LifetimeChange(TypedDict, total=False):
    """Body of ``PUT …/ttl``: exactly one of the two. ``days`` may be negative, a fraction, and text."""

    days: _Days | _DaysText
    expiration_date: _Date


_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def read_date(text: str) -> datetime:
    """Return the date and time in ``text``.

    Raises:
        BadRequest: the text is not a date.
    """
    try:
        return dates.from_text(text)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def first_expiration(text: str | None, lifetime: timedelta) -> datetime:
    """Return the expiration date of something new: the date in ``text``, else the end of ``lifetime`` from now.

    Raises:
        BadRequest: the text is not a date, or the date is in the past.
    """
    now = dates.now()
    if not text:
        return now + lifetime
    moment = read_date(text)
    if moment <= now:
        raise BadRequest(f"The expiration date {text} is in the past; use a future date")
    return moment


def asked_change(body: Mapping[str, object]) -> LifetimeChange:
    """Return the lifetime change in a larger request body."""
    given = ((name, body.get(name)) for name in ("days", "expiration_date"))
    return {name: value for name, value in given if value is not None}  # type: ignore[return-value]  # checked later


def changed_expiration(change: LifetimeChange, present: datetime) -> datetime:
    """Return the expiration date after ``change``; days count from the ``present`` date.

    Raises:
        BadRequest: both or neither field is given, or the value is not a number of days or not a date.
    """
    days, date = change.get("days"), change.get("expiration_date")
    if (days is None) == (date is None):
        raise BadRequest("Either `days` or `expiration_date` must be provided")
    if date is not None:
        return read_date(date)
    try:
        moved: datetime = present + timedelta(days=float(days))  # type: ignore[arg-type]  # None was refused above
        return moved
    except ValueError:  # not a number, or not finite
        raise BadRequest(f"{days!r} is not a number of days") from None
    except OverflowError:
        if float(days) < 0:  # type: ignore[arg-type]  # as above
            return _LONG_AGO
        raise BadRequest(f"{days!r} days exceed the year 9999; use fewer") from None
