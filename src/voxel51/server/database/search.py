"""List queries: translate fields, search terms, sorting and paging into SQL, and run them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, cast, false, func, or_, select

from voxel51.server.errors import BadRequest

_TRUE = {"true", "1", "t", "yes"}
_FALSE = {"false", "0", "f", "no"}
_MAX_COMPARISONS = 500
"""Maximum number of comparisons in one search. Databases limit the depth of an expression (SQLite: 1000)."""

_MAX_TEXT_LENGTH = 4096
"""Maximum number of characters of one searched text. Databases limit patterns (SQLite: 50000 bytes)."""


AnyColumn = ColumnElement[Any]
"""A column of any type."""

_Statement = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Term:
    """A search condition: any of ``alternatives`` occurs in ``field``, or in any text field if that is None."""

    field: str | None
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a list. ``fields`` None means all fields; ``limit`` None means no limit.

    ``sort`` is the name of a field, and whether the order is descending.
    """

    fields: tuple[str, ...] | None = None
    search: tuple[Term, ...] = ()
    sort: tuple[str, bool] | None = None
    offset: int = 0
    limit: int | None = None
    all_versions: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Description of a list of records: its fields, and how each can be searched.

    Attributes:
        columns: field name -> column, for every field of a record; all of them can be sorted by.
        texts: fields searched as text; a term without a field searches all of these.
        flags: fields compared as true or false.
        identity: column that makes the order total, so that pages never overlap.
        further: fields that the service computes, only if a query asks for them by name.
    """

    columns: Mapping[str, AnyColumn]
    texts: frozenset[str]
    flags: frozenset[str]
    identity: AnyColumn
    further: tuple[str, ...] = ()


def run(connection: Connection, listing: Listing, query: Query, visible: Sequence[ColumnElement[bool]]) -> tuple[
    list[dict[str, Any]], int
]:  # fmt: skip
    """Return one page of the records that match ``query`` and all ``visible`` conditions, and the number of matches.

    Raises:
        BadRequest: the query searches or sorts by an unknown field, or its search is too large.
    """
    _check_size(listing, query.search)
    conditions = [*visible, *(_condition(listing, term) for term in query.search)]
    wanted = [name for name in query.fields or listing.columns if name in listing.columns]
    wanted = list(dict.fromkeys(wanted)) or ["id"]
    statement = select(*(listing.columns[name].label(name) for name in wanted)).where(*conditions)
    rows = connection.execute(_page(statement, listing, query)).mappings().all()
    if query.limit is None and query.offset == 0:  # the page is the whole list
        return [dict(row) for row in rows], len(rows)
    count = connection.execute(select(func.count()).select_from(listing.identity.table).where(*conditions)).scalar_one()
    return [dict(row) for row in rows], count


def _page(statement: _Statement, listing: Listing, query: Query) -> _Statement:
    field, descending = query.sort or ("upload_date", True)
    if field not in listing.columns:
        raise BadRequest(f"Invalid sort field {field}; the fields are: {', '.join(listing.columns)}")
    column = listing.columns[field]
    order = (column.desc(), listing.identity.desc()) if descending else (column.asc(), listing.identity.asc())
    statement = statement.order_by(*order)
    if query.offset:
        statement = statement.offset(query.offset).limit(query.limit if query.limit is not None else 2**62)
    elif query.limit is not None:
        statement = statement.limit(query.limit)
    return statement


def _check_size(listing: Listing, search: Sequence[Term]) -> None:
    comparisons = sum(len(term.alternatives) * (1 if term.field else len(listing.texts)) for term in search)
    if comparisons > _MAX_COMPARISONS:
        raise BadRequest(
            f"The search needs {comparisons} comparisons; the maximum is {_MAX_COMPARISONS}. Use fewer terms"
        )
    longest = max((len(text) for term in search for text in term.alternatives), default=0)
    if longest > _MAX_TEXT_LENGTH:
        raise BadRequest(f"A searched text has {longest} characters; the maximum is {_MAX_TEXT_LENGTH}")


def _condition(listing: Listing, term: Term) -> ColumnElement[bool]:
    if term.field is None:
        return or_(*(_text_condition(listing.columns[name], term) for name in sorted(listing.texts)))
    if term.field in listing.flags:
        return or_(false(), *(_flag_condition(listing, term.field, text) for text in term.alternatives))
    if term.field in listing.texts:
        return _text_condition(listing.columns[term.field], term)
    known = ", ".join(sorted(listing.texts | listing.flags))
    raise BadRequest(f"Invalid search parameter {term.field}; the parameters are: {known}")


def _text_condition(column: AnyColumn, term: Term) -> ColumnElement[bool]:
    text = func.lower(cast(column, String))
    return or_(*(text.contains(alternative.lower(), autoescape=True) for alternative in term.alternatives))


def _flag_condition(listing: Listing, field: str, text: str) -> ColumnElement[bool]:
    column = listing.columns[field]
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise BadRequest(f"{field} must be true or false, not {text!r}")
    return column.is_(word in _TRUE)
