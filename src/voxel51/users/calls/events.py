"""Calls about what happens to jobs."""

from collections.abc import Collection
from urllib.parse import urlencode

from voxel51.transport.messages import EVENT_STREAM
from voxel51.users.calls.call import Call, nothing, part_of_path

_MOST_NAMED = 50
"""More jobs than this are not named, as addresses are not endless: then everything is told."""


def listen(job_ids: Collection[str], last_id: int | None) -> Call[None]:
    """What happens to these jobs after the event ``last_id``, or from now on, told for as long as one listens."""
    named = [part_of_path(job_id) for job_id in job_ids] if len(job_ids) <= _MOST_NAMED else []
    query = {"jobs": ",".join(named)} if named else {}
    headers = {"Accept": EVENT_STREAM, **({} if last_id is None else {"Last-Event-ID": str(last_id)})}
    return Call("GET", "events" + (f"?{urlencode(query)}" if query else ""), nothing, headers=headers)
