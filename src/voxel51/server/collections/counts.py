"""Member counts: the number of data in each of many collections, within a bound for all of them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, literal, select

from voxel51.server.collections.tables import collection_members, collections
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.listing import MAX_COUNT

MAX_ROWS = 100_000
"""Number of members that one call counts, of all collections together."""

FIRST_COUNT = 100
"""Number of members up to which each collection is counted first. Most collections have no more."""


@dataclass(frozen=True, slots=True)
class MemberCount:
    """Number of members; without ``is_exact`` there are more."""

    data: int
    is_exact: bool


def member_counts(connection: Connection, collection_ids: Sequence[str]) -> Mapping[str, MemberCount]:
    """Return the number of members of each collection, at most `MAX_COUNT`.

    First, all are counted up to a few members. Those with more share what is left of `MAX_ROWS`, so that a list of
    collections takes about as long with a thousand large collections as with ten.
    """
    first = max(1, min(FIRST_COUNT, MAX_ROWS // max(1, len(collection_ids))))
    counts = _counted(connection, collection_ids, first)
    larger = [each for each, count in counts.items() if not count.is_exact]
    left = MAX_ROWS - sum(count.data for count in counts.values())
    if larger and (most := min(MAX_COUNT, left // len(larger))) > first:
        counts |= _counted(connection, larger, most)
    return counts


def _counted(connection: Connection, collection_ids: Sequence[str], most: int) -> dict[str, MemberCount]:
    members = select(literal(1)).where(collection_members.c.collection_id == collections.c.id)
    bounded = members.correlate(collections).limit(most + 1).subquery()
    count = select(func.count()).select_from(bounded).scalar_subquery()
    found: dict[str, MemberCount] = {}
    for chunk in in_chunks(collection_ids):
        rows = connection.execute(select(collections.c.id, count).where(collections.c.id.in_(chunk)))
        found |= {each: MemberCount(min(number, most), number <= most) for each, number in rows}
    return found
