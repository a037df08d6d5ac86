"""Scheduling options of jobs: check them, store them in columns of a job, and show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from voxel51.server.data.lifetime import read_date
from voxel51.server.database.types import DatabaseRecord
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.dependencies import WAITING
from voxel51.server.json_documents import parse_json_object
from voxel51.wire import dates
from voxel51.wire.scheduling import (
    HIGHEST_PRIORITY,
    LONGEST_RETRY_SECONDS,
    LONGEST_TIMEOUT_SECONDS,
    MOST_RETRIES,
    SHORTEST_TIMEOUT_SECONDS,
    RetriedFailure,
    Retry,
    SchedulingOptions,
)

LONGEST_TEXT = 4096
"""Longest JSON text of options, in characters."""


def read_options(text: str | None) -> SchedulingOptions:
    """Return the options in the JSON ``text`` of a submission; none for an absent or empty text.

    Raises:
        BadRequest: the text is not a JSON object of that shape, or a value is out of range; the message names it.
    """
    if not text:
        return {}
    if len(text) > LONGEST_TEXT:
        raise BadRequest(f"scheduling has {len(text)} characters; {LONGEST_TEXT} are the limit")
    return check_options(parse_json_object("scheduling", text.encode()))


def check_options(given: Mapping[str, object]) -> SchedulingOptions:
    """Return checked options.

    Raises:
        BadRequest: an option is unknown, or a value is out of range; the message names it.
    """
    _check_names("scheduling", given, SchedulingOptions.__annotations__)
    options: SchedulingOptions = {}
    if (priority := given.get("priority")) is not None:
        limits = (-HIGHEST_PRIORITY, HIGHEST_PRIORITY)
        options["priority"] = int(_number("priority", priority, *limits, is_whole=True))
    if (seconds := given.get("timeout_seconds")) is not None:
        options["timeout_seconds"] = _number(
            "timeout_seconds", seconds, SHORTEST_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS
        )
    for name in ("deadline", "not_before"):
        if given.get(name) is not None:
            options[name] = dates.to_text(_date(name, given[name]))
    if given.get("retry") is not None:
        options["retry"] = _retries(given["retry"])
    _check_dates(options)
    return options


def columns_of(options: SchedulingOptions, *, waits: bool = False) -> dict[str, object]:
    """Return the columns of a job that hold its options. ``waits`` for one that waits for other jobs."""
    names = {"timeout_seconds", "retry", *(("not_before",) if waits else ())}
    kept = {name: value for name, value in options.items() if name in names}
    return {
        # The queue is read in ascending order.
        "queue_rank": -options.get("priority", 0),
        "deadline": _moment(options.get("deadline")),
        "not_before": WAITING if waits else _moment(options.get("not_before")),
        "scheduling": kept or None,
    }


def options_of(job: DatabaseRecord) -> SchedulingOptions | None:
    """Return the options of a job; None if it was submitted without any."""
    options = cast("SchedulingOptions", {**(job["scheduling"] or {})})
    if job["queue_rank"]:
        options["priority"] = -job["queue_rank"]
    for name in ("deadline", "not_before"):
        if job[name] is not None and job[name] != WAITING:
            options[name] = dates.to_text(job[name])
    return options or None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else dates.from_text(text)


def _check_dates(options: SchedulingOptions) -> None:
    deadline, not_before = options.get("deadline"), options.get("not_before")
    if deadline is not None and dates.from_text(deadline) <= dates.now():
        raise BadRequest(f"The deadline {deadline} is in the past; use a future date")
    if deadline is not None and not_before is not None and not_before >= deadline:  # both have the same form
        raise BadRequest(
            f"The deadline {deadline} is not after not_before ({not_before}), so the job could never run; "
            "use a later deadline"
        )


def _retries(given: object) -> dict[str, Retry]:
    if not isinstance(given, dict):
        raise BadRequest(f'\'retry\' must be an object such as {{"ANALYTIC": {{"count": 2}}}}, not {given!r:.100}')
    unknown = sorted(given.keys() - {*RetriedFailure})
    if unknown:
        raise BadRequest(
            f"Failures of type {unknown[0]!r:.100} are not retried; retry is for {' and '.join(RetriedFailure)}"
        )
    return {kind: _retry(f"retry.{kind}", value) for kind, value in given.items()}


def _retry(name: str, given: object) -> Retry:
    if not isinstance(given, dict):
        raise BadRequest(f"'{name}' must be an object such as {{\"count\": 2}}, not {given!r:.100}")
    _check_names(name, given, Retry.__annotations__)
    if given.get("count") is None:
        raise BadRequest(f"'{name}' needs a count, such as {{\"count\": 2}}")
    retry: Retry = {"count": int(_number(f"{name}.count", given["count"], 0, MOST_RETRIES, is_whole=True))}
    if (seconds := given.get("backoff_seconds")) is not None:
        retry["backoff_seconds"] = _number(f"{name}.backoff_seconds", seconds, 0, LONGEST_RETRY_SECONDS)
    return retry


def _check_names(what: str, given: Mapping[str, object], known: Mapping[str, object]) -> None:
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise BadRequest(f"{unknown[0]!r:.100} is not an option of '{what}'; the options are {', '.join(known)}")


def _number(name: str, value: object, least: float, most: float, *, is_whole: bool = False) -> float:
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not least <= value <= most
        or (is_whole and value != int(value))
    ):
        kind = "a whole number" if is_whole else "a number"
        raise BadRequest(f"'{name}' must be {kind} from {least:g} to {most:g}, not {value!r:.100}")
    return value


def _date(name: str, value: object) -> datetime:
    if not isinstance(value, str):
        raise BadRequest(f"'{name}' must be a date and time, such as 2030-01-31T12:00:00Z, not {value!r:.100}")
    try:
        return read_date(value)
    except BadRequest as error:
        raise BadRequest(f"'{name}': {error}") from None
