"""Selections: the videos of a batch, named by their ids, found by a query of the data list, or in a collection.

A further kind of selection needs a field of `Selection` and a way to its rows in `select_videos`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from voxel51.server.accounts.callers import User
from voxel51.server.data.records import no_such_data
from voxel51.server.data.tables import data
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.listing import run
from voxel51.server.database.search import Holder, Listing, Query
from voxel51.server.errors import BadRequest
from voxel51.wire.job_batches import MAX_ITEMS


@dataclass(frozen=True, slots=True)
class Selection:
    """The videos of a batch: exactly one of the attributes is not None. ``collection`` is the id of one."""

    data_ids: Sequence[str] | None = None
    query: Query | None = None
    collection: str | None = None


@dataclass(frozen=True, slots=True)
class SelectedVideo:
    """One selected file. Its duration and number of frames are None while they are unknown."""

    data_id: str
    name: str
    size_bytes: int
    duration_seconds: float | None
    frame_count: int | None


class NothingSelected(BadRequest):
    """The selection of a batch is valid and has no videos at present."""


VideosOfCollection = Callable[[Connection, User, str], list[str]]
"""Returns the ids of the videos of a user in a collection; raises `NotFound` if the user cannot read it."""


@dataclass(frozen=True, slots=True)
class VideoSources:
    """Sources of the videos of selections: the fields that a query can search, and collections."""

    listing: Listing
    videos_of_collection: VideosOfCollection


def select_videos(
    connection: Connection, owner: User, selection: Selection, sources: VideoSources
) -> list[SelectedVideo]:
    """Return the selected videos of the owner, each once, in the order of the selection.

    Raises:
        BadRequest: the selection is too large, its query is invalid, or the owner has no data of an id.
        NothingSelected: the selection has no videos.
        NotFound: the owner can read no such collection.
    """
    given = [each for each in (selection.data_ids, selection.query, selection.collection) if each is not None]
    if len(given) != 1:
        raise BadRequest("The selection needs exactly one of 'data_ids', 'query' and 'collection'")
    if selection.query is not None:
        ids = _found(connection, owner, selection.query, sources.listing)
    elif selection.collection is not None:
        ids = sources.videos_of_collection(connection, owner, selection.collection)
        check_size(len(ids), f"videos of yours are in collection '{selection.collection}'")
    else:
        ids = [*dict.fromkeys(selection.data_ids or ())]
        check_size(len(ids), "videos are selected")
    known = {row.data_id: row for row in _rows(connection, owner, ids)}
    for data_id in ids:
        if data_id not in known:
            raise BadRequest(str(no_such_data(data_id)))
    if not ids:
        raise NothingSelected("No video is selected. Change the selection.")
    return [known[data_id] for data_id in ids]


def check_size(count: int, what: str) -> None:
    """Raise `BadRequest` if a batch of ``count`` is too large."""
    if count > MAX_ITEMS:
        raise BadRequest(f"{count} {what}; a batch has at most {MAX_ITEMS}. Make several batches.")


def _found(connection: Connection, owner: User, query: Query, listing: Listing) -> list[str]:
    limit = min(query.limit or MAX_ITEMS + 1, MAX_ITEMS + 1)
    asked = replace(query, fields=("id",), limit=limit, offset=0, cursor=None)
    page = run(connection, listing, asked, [], Holder(data.c.owner_id, owner.id))
    if len(page.records) > MAX_ITEMS:
        raise BadRequest(f"The query finds more than {MAX_ITEMS} videos, the most of a batch. Narrow the query.")
    return [str(record["id"]) for record in page.records]


def _rows(connection: Connection, owner: User, ids: Sequence[str]) -> Iterator[SelectedVideo]:
    for chunk in in_chunks(ids):
        columns = (data.c.id, data.c.name, data.c.size_bytes, data.c.duration_seconds, data.c.frame_count)
        chosen = select(*columns)
        for row in connection.execute(chosen.where(data.c.id.in_(chunk), data.c.owner_id == owner.id)):
            yield SelectedVideo(*row)
