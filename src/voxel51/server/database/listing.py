"""Pages of lists: run a query so that its cost depends on the length of the page, not on the length of the list.

An index of each owner and field leads to the rows in their order. Two things would read more of them, and are bounded:
a search (see `_few_matches`), and counting the matches.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, select

from voxel51.server.database.cursors import Cursor, Order, parts_after
from voxel51.server.database.search import (
    Holder,
    Listing,
    Query,
    along_order,
    is_exact,
    search_conditions,
    text_expression,
)
from voxel51.server.database.text_index import has_text_index
from voxel51.server.errors import BadRequest
from voxel51.wire.query import ListPage

DEFAULT_SORT = "upload_date"
"""Field by which lists are sorted, the newest first, unless the query says otherwise."""

MAX_COUNT = 10_000
"""Number of matches up to which they are counted exactly, unless the search is for a part of a text."""

FEW = 1000
"""Number of matches up to which they are all read and sorted, and are counted exactly in any search."""

_CANDIDATES = 5
"""Number of candidates of the text index for each of the `FEW` matches, up to which they are compared."""

_VALUE, _IDENTITY = "cursor_value", "cursor_identity"
"""Labels of the columns from which cursors are made."""

Record = dict[str, Any]
"""Fields of a record by name. `Any`: the database returns their values."""

_Conditions = Sequence[ColumnElement[bool]]
_Matches = Callable[[], tuple[int, bool]]
"""Function that counts the matches, and tells whether the number is exact."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        records: the requested fields of each record.
        count: number of matches before offset and limit. After a cursor it is that of the first page.
        is_count_exact: false if there may be more matches: they are counted up to `MAX_COUNT`, or `FEW` in a search for
            a part of a text.
        next_cursor: cursor of the next page; None if this is the last one.
    """

    records: list[Record]
    count: int
    is_count_exact: bool
    next_cursor: str | None

    def totals(self) -> ListPage:
        """Return what a response says beside its records."""
        return {"count": self.count, "is_count_exact": self.is_count_exact, "next_cursor": self.next_cursor}


def run(
    connection: Connection, listing: Listing, query: Query, visible: _Conditions, holder: Holder | None = None
) -> Page:
    """Return one page of the records of ``holder`` that match ``query`` and all ``visible`` conditions.

    Raises:
        BadRequest: the query searches or sorts by an unknown field, its search is too large, or its cursor is invalid.
    """
    order = _order(connection, listing, query)
    cursor = None if query.cursor is None else Cursor.decode(query.cursor, order)
    if cursor is not None and query.offset:
        raise BadRequest("A query has a cursor or an offset, not both")
    of_holder = [] if holder is None else [holder.condition()]
    matching = [*of_holder, *visible, *search_conditions(listing, query.search)]
    if query.limit is None:
        rows = _rows(connection, listing, query, order, cursor, matching)
        return _page(rows, query, order, cursor, lambda: _count(connection, listing, matching))
    chosen: _Conditions = matching
    if holder is not None:
        narrow = _by_text(connection, listing, query, visible, holder)
        chosen = narrow or _by_relation(connection, listing, query, visible, holder) or matching
    few = _few_matches(connection, listing, chosen) if query.search else None
    if few is not None:
        rows = _rows(connection, listing, query, order, cursor, [listing.identity.in_(few)])
        return _page(rows, query, order, cursor, lambda: (len(few), True))
    walked = along_order(listing, query.search, is_default=query.sort is None or query.sort[0] == DEFAULT_SORT)
    walk = search_conditions(walked, query.search)
    rows = _rows(connection, listing, query, order, cursor, [*of_holder, *visible, *walk])
    is_countable = is_exact(listing, query.search)
    many = (FEW + 1, False)
    return _page(rows, query, order, cursor, lambda: _count(connection, listing, matching) if is_countable else many)


def _order(connection: Connection, listing: Listing, query: Query) -> Order:
    field, descending = query.sort or (DEFAULT_SORT, True)
    if field not in listing.columns:
        raise BadRequest(f"Invalid sort field {field}; the fields are: {', '.join(listing.columns)}")
    nulls_first = (connection.dialect.name == "sqlite") != descending
    name = f"{field}:{'desc' if descending else 'asc'}"
    return Order(name, listing.columns[field], listing.identity, descending, nulls_first)


def _by_text(
    connection: Connection, listing: Listing, query: Query, visible: _Conditions, holder: Holder
) -> _Conditions | None:
    """Return conditions of the matches by which they are found in the text index; None if it has too many candidates.

    The other conditions are written so that SQLite uses no index for them.
    """
    expression = text_expression(listing, query.search, holder) if has_text_index(connection) else None
    if expression is None or listing.text_index is None:
        return None
    most = _CANDIDATES * FEW
    numbers = listing.text_index.numbers(expression).limit(most + 1).subquery()
    if connection.execute(select(func.count()).select_from(numbers)).scalar_one() > most:
        return None
    conditions = search_conditions(along_order(listing, query.search, is_default=False), query.search)
    candidates = listing.identity.in_(listing.text_index.candidates(expression))
    return [candidates, holder.condition(may_use_index=False), *visible, *conditions]


def _by_relation(
    connection: Connection, listing: Listing, query: Query, visible: _Conditions, holder: Holder
) -> _Conditions | None:
    """Return conditions of the matches by which they are found in another table; None if it has too many candidates.

    Other tables name the owner only, so the lists of an application are always walked.
    """
    if holder.column is not listing.owner:
        return None
    most = _CANDIDATES * FEW
    for term in query.search:
        relation = listing.relations.get(term.field or "")
        if relation is None or relation.is_negated:
            continue
        records = relation.records(holder.id, term.alternatives)
        if connection.execute(select(func.count()).select_from(records.limit(most + 1).subquery())).scalar_one() > most:
            continue
        conditions = search_conditions(along_order(listing, query.search, is_default=False), query.search)
        return [listing.identity.in_(records), holder.condition(may_use_index=False), *visible, *conditions]
    return None


def _few_matches(connection: Connection, listing: Listing, matching: _Conditions) -> Sequence[object] | None:
    """Return the identities of all matches; None if there are more than `FEW`.

    Few matches are found by what the search is for, and then sorted. Many are found by walking along the index of the
    order: the more there are, the sooner the page is full. Either way alone reads the whole list in its worst case.
    """
    found = connection.execute(select(listing.identity).where(*matching).limit(FEW + 1)).scalars().all()
    return found if len(found) <= FEW else None


def _count(connection: Connection, listing: Listing, matching: _Conditions) -> tuple[int, bool]:
    """Return the number of matches, at most `MAX_COUNT` + 1, and whether it is exact."""
    counted = select(literal(1)).select_from(listing.identity.table).where(*matching).limit(MAX_COUNT + 1)
    count = connection.execute(select(func.count()).select_from(counted.subquery())).scalar_one()
    return count, count <= MAX_COUNT


def _rows(
    connection: Connection, listing: Listing, query: Query, order: Order, cursor: Cursor | None, chosen: _Conditions
) -> list[Record]:
    """Return the rows of the page, and one more if there are more, each with its position in the order."""
    wanted = [name for name in query.fields or listing.returned if name in listing.columns] or ["id"]
    columns = [listing.columns[name].label(name) for name in dict.fromkeys(wanted)]
    position = (order.column.label(_VALUE), order.identity.label(_IDENTITY))
    rows: list[Record] = []
    for part in parts_after(cursor, order):
        statement = select(*columns, *position).order_by(*order.clauses())
        more = None if query.limit is None else query.limit + 1 - len(rows)
        if query.offset:
            # Skip entries of the index, without reading their rows.
            skipped = select(order.identity).where(*chosen).order_by(*order.clauses()).offset(query.offset).limit(more)
            statement = statement.where(order.identity.in_(skipped))
        else:
            statement = statement.where(*chosen, *part).limit(more)
        rows += [dict(row) for row in connection.execute(statement).mappings()]
        if query.limit is not None and len(rows) > query.limit:
            break
    return rows


def _page(rows: list[Record], query: Query, order: Order, cursor: Cursor | None, matches: _Matches) -> Page:
    """Return the page of ``rows``. Count the ``matches`` only if the page itself does not tell their number."""
    has_more = query.limit is not None and len(rows) > query.limit
    seen = query.offset + len(rows)
    if cursor is not None:
        count, is_exact = cursor.count, cursor.is_count_exact
    elif rows and not has_more:
        count, is_exact = seen, True
    else:
        counted, is_exact = matches()
        count = max(counted, seen) if rows else counted
    records = rows[: query.limit]
    places = [(record.pop(_VALUE), record.pop(_IDENTITY)) for record in records]
    next_cursor = Cursor(order.name, *places[-1], count, is_exact).encode() if has_more else None
    return Page(records, count, is_exact, next_cursor)
