"""Due times: check cron expressions and time zones, and compute when a schedule is due next.

Cron expressions are those of Debian's cron, as cronsim reads them. When clocks are changed, a schedule at fixed times
(minute and hour are numbers) runs once per day: a time that is left out runs when the gap ends, and a time that comes
twice runs the first time. One at intervals (minute or hour begins with ``*``) follows the time that passes.
"""

import zoneinfo
from datetime import UTC, datetime
from functools import cache

from cronsim import CronSim, CronSimError

from voxel51.server.errors import BadRequest

LONGEST_CRON = 100
_FIELDS = 5


def read_cron(text: str) -> str:
    """Return a cron expression with single spaces.

    Raises:
        BadRequest: it is invalid, or no date matches it.
    """
    if len(text) > LONGEST_CRON:
        raise BadRequest(f"'cron' has {len(text)} characters; {LONGEST_CRON} are the limit")
    fields = text.split()
    if len(fields) != _FIELDS:
        raise BadRequest(
            f"'cron' must have five fields (minute, hour, day of the month, month, day of the week), such as "
            f"'0 3 * * *' for three o'clock every night, not {text!r}"
        )
    cron = " ".join(fields)
    try:
        next(CronSim(cron, datetime.now(UTC)))
    except CronSimError as error:
        reason = str(error).lower()
        raise BadRequest(f"'cron' is invalid: {reason} in {text!r}. See the table of fields in the manual") from None
    except StopIteration:
        raise BadRequest(f"'cron' is invalid: no date matches {text!r}") from None
    return cron


def read_time_zone(name: str) -> str:
    """Return the name of a time zone.

    Raises:
        BadRequest: the database of time zones does not have it.
    """
    if name not in _time_zones():
        raise BadRequest(
            f"'time_zone' {name!r:.100} is unknown; use a name of the IANA database, such as Europe/Berlin or UTC"
        )
    return name


def next_due(cron: str, time_zone: str, after: datetime) -> datetime | None:
    """Return the first due time after a moment, in UTC; None if no date matches within decades."""
    # In the second of two equal hours cronsim begins with times of the first one, which have passed.
    for due in CronSim(cron, after.astimezone(zoneinfo.ZoneInfo(time_zone))):
        if (moment := due.astimezone(UTC)) > after:
            return moment
    return None


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
