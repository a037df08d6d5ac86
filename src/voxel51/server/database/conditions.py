"""Search conditions beyond texts: comparisons of numbers, and values that other tables have of a record."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, not_, or_

from voxel51.server.errors import BadRequest

_COMPARISON = re.compile(r"\s*(?P<operator>>=|<=|>|<|=|)\s*(?P<number>[0-9.eE+-]+)\s*")
_RANGE = re.compile(r"\s*(?P<first>[0-9eE+-]*\.?[0-9eE+-]+)\s*\.\.\s*(?P<last>[0-9.eE+-]+)\s*")
_MAX_NUMBER = 10.0**15


@dataclass(frozen=True, slots=True)
class Relation:
    """A search field whose values are in other tables.

    Attributes:
        rows: function from the searched values to a query of the rows that have one of them. Its first column is
            ``record_id``.
        record_id: column of that query with the id of the record.
        owner_id: column of that query with the owner.
        is_negated: whether the search is for records without such a row.
    """

    rows: Callable[[Sequence[str]], Select[Any]]
    record_id: ColumnElement[Any]
    owner_id: ColumnElement[Any]
    is_negated: bool = False

    def condition(self, identity: ColumnElement[Any], table: FromClause, values: Sequence[str]) -> ColumnElement[bool]:
        """Return the condition that the record with this id has one of the values, or that it has none."""
        found = self.rows(values).where(self.record_id == identity).correlate(table).exists()
        return not_(found) if self.is_negated else found

    def records(self, owner_id: str, values: Sequence[str]) -> Select[Any]:
        """Return a query for the ids of the owner's records that have one of the values."""
        return self.rows(values).where(self.owner_id == owner_id).distinct()


def number_condition(name: str, column: ColumnElement[Any], alternatives: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a column fits one of the alternatives: ``>600``, ``<=30``, ``10..20`` or ``25``.

    Raises:
        BadRequest: an alternative is none of these.
    """
    return or_(*(_compared(name, column, text) for text in alternatives))


def _compared(name: str, column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    between = _RANGE.fullmatch(text)
    if between is not None:
        return and_(column >= _number(name, between["first"], text), column <= _number(name, between["last"], text))
    comparison = _COMPARISON.fullmatch(text)
    if comparison is None:
        raise _invalid(name, text)
    number = _number(name, comparison["number"], text)
    conditions: dict[str, ColumnElement[bool]] = {
        ">": column > number,
        ">=": column >= number,
        "<": column < number,
        "<=": column <= number,
    }
    return conditions.get(comparison["operator"], column == number)


def _number(name: str, digits: str, text: str) -> float:
    try:
        number = float(digits)
    except ValueError:
        raise _invalid(name, text) from None
    if not math.isfinite(number) or abs(number) > _MAX_NUMBER:
        raise _invalid(name, text)
    return number


def _invalid(name: str, text: str) -> BadRequest:
    examples = f"{name}:>600, {name}:10..20 or {name}:25"
    return BadRequest(f"{name} is compared with a number, as in {examples}, not {text!r:.100}")
