"""Calls about the platform: its status, and its stream of job events."""

from collections.abc import Collection
from urllib.parse import urlencode

from voxel51.transport.messages import EVENT_STREAM
from voxel51.users.calls.call import Call, entry, get, nothing, path_segment
from voxel51.wire.overview import Worker
from voxel51.wire.status import Statuses

_MAX_IDS_IN_URL = 50
"""With more jobs than this, all events of the user are requested, because URLs are limited in length."""


def status() -> Call[Statuses]:
    """Get the status of the platform and its services."""
    return get("status/all", entry("statuses"))


def workers() -> Call[list[Worker]]:
    """List the workers of the platform."""
    return get("admin/workers", entry("workers"))


def events(job_ids: Collection[str], last_id: int | None) -> Call[None]:
    """Stream the events of jobs after the event ``last_id``, or from now on, with the records of ended jobs."""
    ids = [path_segment(job_id) for job_id in job_ids] if len(job_ids) <= _MAX_IDS_IN_URL else []
    query = {"jobs": ",".join(ids), "records": "true"} if ids else {}
    headers = {"Accept": EVENT_STREAM, **({} if last_id is None else {"Last-Event-ID": str(last_id)})}
    return Call("GET", "events" + (f"?{urlencode(query)}" if query else ""), nothing, headers=headers)
