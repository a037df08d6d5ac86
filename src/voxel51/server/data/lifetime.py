"""How long something is kept: reading the two ways of saying so."""

from datetime import datetime, timedelta
from typing import TypedDict

from voxel51.server.errors import BadRequest
from voxel51.wire import dates


class LifetimeChange(TypedDict, total=False):
    """Body of ``PUT …/ttl``: exactly one of the two. ``days`` may be negative, a fraction, and text."""

    days: str | float | int
    expiration_date: str


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
    except (ValueError, OverflowError):  # no number, not finite, or beyond the year 9999
        raise BadRequest(f"{days!r} is not a number of days within reach") from None
