"""Lists of any length, read page by page while somebody asks for more."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar

from voxel51.users.calls.call import Call
from voxel51.users.flows import Emit, EmittingFlow, fetch
from voxel51.users.query import BaseQuery

PAGE_SIZE = 200

Query = TypeVar("Query", bound=BaseQuery)


def pages(
    query: Query, call: Callable[[Query], Call[Any]], noun: str, page_size: int = PAGE_SIZE
) -> EmittingFlow[dict[str, Any]]:
    """Gives each record that matches ``query`` once, within its offset and limit; the oldest first unless it says more.

    What is added meanwhile comes at the end. What is removed meanwhile moves all that follows, so that records would be
    passed over: every page therefore starts with the last record of the one before. Where that is not there, things
    have moved, and the page before is read again.
    """
    own = deepcopy(query)
    hide_id = bool(own.fields) and "id" not in own.fields
    if hide_id:
        own.add_field("id")
    if own.sort is None:
        own.sort_by("upload_date", descending=False)
    first = offset = query.offset or 0
    seen: set[str] = set()
    while query.limit is None or len(seen) < query.limit:
        size = page_size if query.limit is None else min(page_size, query.limit - len(seen) + 1)
        page = (yield from fetch(call(own.set_offset(offset).set_limit(size))))[noun]
        if offset > first and (not page or page[0]["id"] not in seen):
            offset = max(offset - page_size, first)
            continue
        for record in page:
            if record["id"] in seen or (query.limit is not None and len(seen) >= query.limit):
                continue
            seen.add(record["id"])
            yield Emit({name: value for name, value in record.items() if name != "id"} if hide_id else record)
        if len(page) < size:
            return
        offset += len(page) - 1
