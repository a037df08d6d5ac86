"""Paging: iterate over lists of any length page by page, and look up an analytic by its name."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TypeVar, cast

from voxel51.users.calls import analytics
from voxel51.users.calls.call import Call
from voxel51.users.flows import Emit, EmittingFlow, Flow, fetch
from voxel51.users.query import BaseQuery

PAGE_SIZE = 200

Query = TypeVar("Query", bound=BaseQuery)
Page = TypeVar("Page")
Record = TypeVar("Record", bound=Mapping[str, object])


def pages(
    query: Query,
    call: Callable[[Query], Call[Page]],
    records_of: Callable[[Page], list[Record]],
    page_size: int = PAGE_SIZE,
) -> EmittingFlow[Record]:
    """Emit each record that matches ``query`` once, within its offset and limit; the oldest first by default.

    Records that are added during the iteration appear at the end. Each page starts with the last record of the page
    before: records that are deleted meanwhile shift all later ones, which would otherwise be skipped. If that record is
    not there, the list has shifted, and the page before is read again.
    """
    own = deepcopy(query)
    hide_id = bool(own.fields) and "id" not in own.fields
    if hide_id:
        own.add_field("id")
    if own.sort is None:
        own.sort_by("upload_date", descending=False)
    first = offset = query.offset or 0
    seen: set[object] = set()
    while query.limit is None or len(seen) < query.limit:
        # One more than is missing, because the first record of the page was emitted before.
        size = page_size if query.limit is None else min(page_size, query.limit - len(seen) + 1)
        page = records_of((yield from fetch(call(own.set_offset(offset).set_limit(size)))))
        if offset > first and (not page or page[0]["id"] not in seen):
            offset = max(offset - page_size, first)
            continue
        for record in page:
            if record["id"] in seen or (query.limit is not None and len(seen) >= query.limit):
                continue
            seen.add(record["id"])
            yield Emit(_without_id(record) if hide_id else record)
        if len(page) < size:
            return
        offset += len(page) - 1


def find_analytic_id(name: str, version: str | None) -> Flow[str]:
    """Return the id of the analytic with the full name ``name``, in ``version`` or the latest one.

    Raises:
        ValueError: the analytic was not found.
    """
    found = yield from fetch(analytics.query(analytics.named(name, version)))
    return analytics.id_of(name, version, found["analytics"])


def _without_id(record: Record) -> Record:
    return cast("Record", {name: value for name, value in record.items() if name != "id"})
