"""Dates as text: ISO 8601 in UTC with milliseconds, ``2020-01-31T12:00:00.000Z``."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time in UTC, truncated to milliseconds, as it is sent."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_text(moment: datetime) -> str:
    """Return ``moment`` as it is sent. Without a time zone it is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def from_text(text: str) -> datetime:
    """Return the time that ISO 8601 ``text`` names, in UTC.

    Every offset is accepted. Text without an offset, and a date without a time, are UTC: old clients send local times
    like this, and the original service read them as UTC.

    Raises:
        ValueError: the text is not an ISO 8601 date; the message names the text and a valid example.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not an ISO 8601 date, such as 2030-01-31T12:00:00Z") from None
