"""List commands: common options, queries and tables."""

import argparse
from collections.abc import Callable, Sequence
from typing import TypeVar

from voxel51.cli.printing import Printer, Record
from voxel51.users.query import BaseQuery

Query = TypeVar("Query", bound=BaseQuery)


def add_list_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of list commands."""
    parser.add_argument("-l", "--limit", metavar="LIMIT", type=int, default=-1, help="maximum number of records")
    parser.add_argument("-s", "--search", metavar="SEARCH", help="search terms, such as name:cats,size:>1MB")
    parser.add_argument("--sort-by", metavar="FIELD", default="upload_date", help="sort field (default: upload_date)")
    parser.add_argument("--ascending", action="store_true", help="sort in ascending order")
    parser.add_argument("-a", "--all-fields", action="store_true", help="show all fields")
    parser.add_argument("-c", "--count", action="store_true", help="print the number of records")


def apply_list_options(options: argparse.Namespace, query: Query, searches: Sequence[str]) -> Query:
    """Apply the list options and ``searches`` to ``query`` and return it."""
    query.add_all_fields().sort_by(options.sort_by, descending=not options.ascending).set_limit(options.limit)
    for search in searches:
        query.add_search_direct(search)
    return query


def show(
    options: argparse.Namespace,
    records: Sequence[Record],
    columns: Sequence[str],
    all_columns: Sequence[str],
    counted: Callable[[Sequence[Record]], str],
) -> int:
    """Print records as a table and return the exit status."""
    printer = Printer(options)
    printer.records(records, all_columns if options.all_fields else columns)
    if options.count:
        printer.remark(f"\n{counted(records)}\n")
    return printer.finish()


def flag_search(options: argparse.Namespace, field: str, search: str | None, *, by_default: bool | None) -> list[str]:
    """Return the search terms for ``--include-FIELD``, ``--exclude-FIELD`` and ``--FIELD-only`` of a boolean field.

    A term for the field in the user's own search takes precedence.
    """
    if search is not None and f"{field}:" in search:
        return []
    if getattr(options, f"{field}_only"):
        return [f"{field}:True"]
    if getattr(options, f"include_{field}"):
        return []
    if getattr(options, f"exclude_{field}"):
        return [f"{field}:False"]
    return [] if by_default is None else [f"{field}:{by_default}"]


def add_flag_options(parser: argparse.ArgumentParser, field: str) -> None:
    """Add the three options of a boolean field."""
    parser.add_argument(f"--include-{field}", action="store_true", help=f"include records that are {field}")
    parser.add_argument(f"--exclude-{field}", action="store_true", help=f"exclude records that are {field}")
    parser.add_argument(f"--{field}-only", action="store_true", help=f"show only records that are {field}")
