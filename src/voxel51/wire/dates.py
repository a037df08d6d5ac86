"""Dates as text: ISO 8601 in UTC with milliseconds, ``2020-01-31T12:00:00.000Z``."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, with its zone (UTC) and cut to the milliseconds that travel."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_text(moment: datetime) -> str:
    """``moment`` as it travels. A moment without a zone is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def from_text(text: str) -> datetime:
    """The moment that ISO 8601 ``text`` names, in UTC.

    Any offset is honoured; text without one, or of a date alone, is taken as UTC (old clients send local times that
    way and the old service read them so).

    Raises:
        ValueError: the text is no ISO 8601 date; its message names the text and a form that works.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not an ISO 8601 date, such as 2030-01-31T12:00:00Z") from None
