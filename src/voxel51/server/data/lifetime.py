"""How long something is kept: reading the two ways of saying so."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from voxel51.server.errors import BadRequest
from voxel51.server.http.route import TextField
from voxel51.wire import dates

_MOST_DAYS = 1_000_000
_Days = Annotated[float, Meta(ge=-_MOST_DAYS, le=_MOST_DAYS)]
_DaysText = Annotated[str, Meta(pattern=r"^[+-]?([0-9]{1,6}(\.[0-9]*)?|\.[0-9]+)$")]
_Date = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]

EXPIRY_FIELD = TextField("when it expires: a moment to come, ISO 8601", schema={"format": "date-time"})
"""The field of an upload that says how long it is kept."""


class _LifetimeChange(TypedDict, total=False):
    days: _Days | _DaysText
    expiration_date: _Date


LifetimeChange = Annotated[
    _LifetimeChange, Meta(title="LifetimeChange", extra_json_schema={"minProperties": 1, "maxProperties": 1})
]
"""Body of ``PUT …/ttl``: exactly one of the two. ``days`` may be negative, a fraction, and text."""


_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def read_date(text: str) -> datetime:
    """The moment that ``text`` names.

    Raises:
        BadRequest: it names none.
    """
    try:
        return dates.from_text(text)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def first_expiration(text: str | None, lifetime: timedelta) -> datetime:
    """When something that arrives now expires: at the moment ``text`` names, else after ``lifetime``.

    Raises:
        BadRequest: the text names no moment, or one that is past.
    """
    now = dates.now()
    if not text:
        return now + lifetime
    moment = read_date(text)
    if moment <= now:
        raise BadRequest(f"The expiration date {text} is past; name one to come")
    return moment


def asked_change(body: Mapping[str, Any]) -> LifetimeChange:
    """The change that a larger request asks for among other things."""
    change: Any = {name: body[name] for name in ("days", "expiration_date") if body.get(name) is not None}
    return change  # type: ignore[no-any-return]  # checked when it is applied


def changed_expiration(change: LifetimeChange, present: datetime) -> datetime:
    """The new expiration date that ``change`` asks for; days count from the ``present`` one.

    Raises:
        BadRequest: both or neither were given, or what was given is no number of days or no date.
    """
    days, date = change.get("days"), change.get("expiration_date")
    if (days is None) == (date is None):
        raise BadRequest("Either `days` or `expiration_date` must be provided")
    if date is not None:
        return read_date(date)
    try:
        moved: datetime = present + timedelta(days=float(days))  # type: ignore[arg-type]  # None was refused above
        return moved
    except ValueError:  # no number, or not finite
        raise BadRequest(f"{days!r} is not a number of days") from None
    except OverflowError:
        if float(days) < 0:  # type: ignore[arg-type]  # as above
            return _LONG_AGO
        raise BadRequest(f"{days!r} days lead beyond the year 9999; take fewer") from None
