"""Paging: iterate over lists of any length page by page, and look up an analytic by its name."""

import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import TypeVar

from voxel51.users.calls import analytics
from voxel51.users.calls.call import Call
from voxel51.users.flows import Emit, EmittingFlow, Flow, fetch
from voxel51.users.query import BaseQuery
from voxel51.wire.query import ListPage

PAGE_SIZE = 200

Query = TypeVar("Query", bound=BaseQuery)
Page = TypeVar("Page", bound=ListPage)
Record = TypeVar("Record", bound=Mapping[str, object])


def pages(
    query: Query,
    call: Callable[[Query], Call[Page]],
    records_of: Callable[[Page], list[Record]],
    page_size: int = PAGE_SIZE,
) -> EmittingFlow[Record]:
    """Emit each record that matches ``query`` once, within its offset and limit; the oldest first by default.

    Each page continues at the place where the page before ended, so records that are deleted during the iteration shift
    no others. Records that are added appear at the end.
    """
    own = deepcopy(query)
    if own.sort is None:
        own.sort_by("upload_date", descending=False)
    missing = sys.maxsize if query.limit is None else query.limit
    while True:
        page = yield from fetch(call(own.set_limit(min(page_size, missing))))
        for record in records_of(page):
            yield Emit(record)
        missing -= len(records_of(page))
        if page["next_cursor"] is None or missing <= 0:
            return
        own.set_offset(0).set_cursor(page["next_cursor"])


def find_analytic_id(name: str, version: str | None) -> Flow[str]:
    """Return the id of the analytic with the full name ``name``, in ``version`` or the latest one.

    Raises:
        ValueError: the analytic was not found.
    """
    found = yield from fetch(analytics.query(analytics.named(name, version)))
    return analytics.id_of(name, version, found["analytics"])
