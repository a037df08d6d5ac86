"""Selections: the videos of a batch, named by their ids or found by a query of the data list.

A further kind of selection needs a field of `Selection` and a way to its rows in `select_videos`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import User
from voxel51.server.data.records import LISTING, no_such_data
from voxel51.server.data.tables import data
from voxel51.server.database.listing import run
from voxel51.server.database.search import Holder, Listing, Query
from voxel51.server.errors import BadRequest
from voxel51.wire.job_batches import MAX_ITEMS

CHUNK = 500
"""Number of ids in one statement."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The videos of a batch: exactly one of ``data_ids`` and ``query`` is not None."""

    data_ids: Sequence[str] | None = None
    query: Query | None = None


@dataclass(frozen=True, slots=True)
class SelectedVideo:
    """One selected file. ``sha256`` is None while it is unknown."""

    data_id: str
    name: str
    size_bytes: int
    sha256: str | None


def select_videos(
    connection: Connection, owner: User, selection: Selection, listing: Listing = LISTING
) -> list[SelectedVideo]:
    """Return the selected videos of the owner, each once, in the order of the selection.

    ``listing`` has the fields that a query can search, such as the collection.

    Raises:
        BadRequest: the selection is empty or too large, its query is invalid, or the owner has no data of an id.
    """
    if (selection.data_ids is None) == (selection.query is None):
        raise BadRequest("The selection needs either 'data_ids' or 'query'")
    if selection.query is not None:
        ids = _found(connection, owner, selection.query, listing)
    else:
        ids = [*dict.fromkeys(selection.data_ids or ())]
        check_size(len(ids), "videos are selected")
    known = {row.data_id: row for row in _rows(connection, owner, ids)}
    for data_id in ids:
        if data_id not in known:
            raise BadRequest(str(no_such_data(data_id)))
    if not ids:
        raise BadRequest("No video is selected. Change the selection.")
    return [known[data_id] for data_id in ids]


def check_size(count: int, what: str) -> None:
    """Raise `BadRequest` if a batch of ``count`` is too large."""
    if count > MAX_ITEMS:
        raise BadRequest(f"{count} {what}; a batch has at most {MAX_ITEMS}. Make several batches.")


def in_chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the values in parts for one statement each."""
    remaining = iter(values)
    while chunk := [*islice(remaining, CHUNK)]:
        yield chunk


def _found(connection: Connection, owner: User, query: Query, listing: Listing) -> list[str]:
    limit = min(query.limit or MAX_ITEMS + 1, MAX_ITEMS + 1)
    asked = replace(query, fields=("id",), limit=limit, offset=0, cursor=None)
    page = run(connection, listing, asked, [], Holder(data.c.owner_id, owner.id))
    if len(page.records) > MAX_ITEMS:
        raise BadRequest(f"The query finds more than {MAX_ITEMS} videos, the most of a batch. Narrow the query.")
    return [str(record["id"]) for record in page.records]


def _rows(connection: Connection, owner: User, ids: Sequence[str]) -> Iterator[SelectedVideo]:
    for chunk in in_chunks(ids):
        chosen = select(data.c.id, data.c.name, data.c.size_bytes, data.c.sha256)
        for row in connection.execute(chosen.where(data.c.id.in_(chunk), data.c.owner_id == owner.id)):
            yield SelectedVideo(row.id, row.name, row.size_bytes, row.sha256)
