"""List queries: the fields of a list, and the translation of search terms into SQL conditions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, false, or_, true

from voxel51.server.database.conditions import Relation, number_condition
from voxel51.server.database.text_index import TextIndex, expression_of
from voxel51.server.database.types import contains_text, without_index
from voxel51.server.errors import BadRequest

_TRUE = {"true", "1", "t", "yes"}
_FALSE = {"false", "0", "f", "no"}
_MAX_COMPARISONS = 500
"""Maximum number of comparisons in one search. Databases limit the depth of an expression (SQLite: 1000)."""

_MAX_TEXT_LENGTH = 4096
"""Maximum number of characters of one searched text. Databases limit patterns (SQLite: 50000 bytes)."""


_ID_LENGTH = 36
"""Number of characters of every id that is a text: a UUID in lower case."""

AnyColumn = ColumnElement[Any]
"""A column of any type."""


@dataclass(frozen=True, slots=True)
class Term:
    """A search condition: any of ``alternatives`` occurs in ``field``, or in any text field if that is None."""

    field: str | None
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a list. ``fields`` None means all fields; ``limit`` None means no limit.

    ``sort`` is the name of a field, and whether the order is descending. ``cursor`` is the end of the page before.
    """

    fields: tuple[str, ...] | None = None
    search: tuple[Term, ...] = ()
    sort: tuple[str, bool] | None = None
    offset: int = 0
    limit: int | None = None
    all_versions: bool = False
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Description of a list of records: its fields, and how each can be searched.

    Attributes:
        columns: field name -> column, for every field of a record; all of them can be sorted by.
        on_request: fields among these that are returned only if a query asks for them by name.
        texts: fields searched as text; a term without a field searches all of these.
        named_texts: fields searched as text by terms that name them only. The text index does not have them.
        flags: fields compared as true or false.
        numbers: fields compared as numbers.
        relations: search fields whose values are in other tables, by name.
        owner: column with the owner; required for relations.
        identity: column that makes the order total, so that pages never overlap.
        further: fields that the service computes, only if a query asks for them by name.
        choices: values of the text fields that have few. A search compares whole values, for which an index serves.
        text_index: index of the text fields that are not in ``choices``, if there is one.
        indexed: combinations of flags and choices for which there is an index in the default order, the best first.
    """

    columns: Mapping[str, AnyColumn]
    texts: frozenset[str]
    flags: frozenset[str]
    identity: AnyColumn
    further: tuple[str, ...] = ()
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    indexed: tuple[tuple[str, ...], ...] = ()
    text_index: TextIndex | None = None
    named_texts: frozenset[str] = frozenset()
    on_request: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    owner: AnyColumn | None = None

    @property
    def returned(self) -> Sequence[str]:
        """Return the fields of a record for a query that names none."""
        return [name for name in self.columns if name not in self.on_request]


@dataclass(frozen=True, slots=True)
class Holder:
    """The account whose records are listed: the column with its id, and the id."""

    column: AnyColumn
    id: str

    def condition(self, *, may_use_index: bool = True) -> ColumnElement[bool]:
        """Return the condition that a record is the holder's."""
        return (self.column if may_use_index else without_index(self.column)) == self.id


def search_conditions(listing: Listing, search: Sequence[Term]) -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each term.

    Raises:
        BadRequest: the search names an unknown field, or is too large.
    """
    _check_size(listing, search)
    for term in search:
        yield _condition(listing, term)


def is_exact(listing: Listing, search: Sequence[Term]) -> bool:
    """Return whether a search compares whole values only: flags and choices, for which indexes serve."""
    return all(term.field in listing.flags or term.field in listing.choices for term in search)


def along_order(listing: Listing, search: Sequence[Term], *, is_default: bool) -> Listing:
    """Return the listing with columns by which the database cannot choose another index than that of the order.

    In the default order, a combination of conditions may choose its index, which has the same order.
    """
    single = {term.field for term in search if len(_values(listing, term)) == 1}
    chosen = next((names for names in listing.indexed if is_default and single.issuperset(names)), ())
    columns = {name: each if name in chosen else without_index(each) for name, each in listing.columns.items()}
    return replace(listing, columns=columns)


def text_expression(listing: Listing, search: Sequence[Term], holder: Holder) -> str | None:
    """Return the expression by which the text index finds all matches, and others; None if it cannot."""
    parts = [part for term in search if (part := _term_expression(listing, term, holder))]
    return " AND ".join(f"({part})" for part in parts) or None


def _term_expression(listing: Listing, term: Term, holder: Holder) -> str | None:
    index, names = listing.text_index, listing.texts if term.field is None else {term.field} & listing.texts
    if index is None or any(_values(listing, replace(term, field=name)) for name in names & listing.choices.keys()):
        return None
    return expression_of(holder.id, dict.fromkeys(sorted(names - listing.choices.keys()), term.alternatives))


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
        return or_(*(_text_condition(listing, name, term) for name in sorted(listing.texts)))
    if term.field in listing.flags:
        return _is_one_of(listing.columns[term.field], _values(listing, term), of=2)
    if term.field in listing.texts | listing.named_texts:
        return _text_condition(listing, term.field, term)
    if term.field in listing.numbers:
        return number_condition(term.field, listing.columns[term.field], term.alternatives)
    if term.field in listing.relations:
        table = listing.identity.table
        return listing.relations[term.field].condition(listing.identity, table, term.alternatives)
    known = ", ".join(
        sorted({*listing.texts, *listing.named_texts, *listing.flags, *listing.numbers, *listing.relations})
    )
    raise BadRequest(f"Invalid search parameter {term.field}; the parameters are: {known}")


def _text_condition(listing: Listing, name: str, term: Term) -> ColumnElement[bool]:
    if name in listing.choices:
        values = _values(listing, replace(term, field=name))
        return _is_one_of(listing.columns[name], values, of=len(listing.choices[name]))
    column = listing.columns[name]
    texts = [alternative.lower() for alternative in term.alternatives]
    # A text that is as long as an id is one: clients ask for many jobs at once by their ids.
    ids = [text for text in texts if column is listing.identity and len(text) >= _ID_LENGTH]
    parts = [contains_text(column, text) for text in texts if text not in ids]
    return or_(*([column.in_(ids)] if ids else []), *parts)


def _values(listing: Listing, term: Term) -> Sequence[str | bool]:
    """Return the values that match a term for a flag or for a field with few values; none for other fields."""
    texts = [alternative.lower() for alternative in term.alternatives]
    if term.field in listing.flags:
        return list({_truth(term.field, text) for text in texts})
    choices = listing.choices.get(term.field or "", ())
    return [choice for choice in choices if any(text in choice.lower() for text in texts)]


def _truth(name: str | None, text: str) -> bool:
    word = text.strip()
    if word not in _TRUE | _FALSE:
        raise BadRequest(f"{name} must be true or false, not {text!r}")
    return word in _TRUE


def _is_one_of(column: AnyColumn, values: Sequence[str | bool], of: int) -> ColumnElement[bool]:
    """Return the condition that a column has one of ``values``, of all ``of`` that it can have."""
    if len(values) in {0, of}:
        return true() if values else false()
    if isinstance(values[0], bool):
        return column.is_(values[0])
    return column == values[0] if len(values) == 1 else column.in_(values)
