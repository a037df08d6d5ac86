"""Command output: tables and text, or one JSON document with ``--json``."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

LONGEST_CELL = 51
_SHORTENED = 47
_HIDDEN = 43
_DATES = {"upload_date", "expiration_date", "start_date", "completion_date", "fail_date", "created_at"}
_LONG = {"name", "description"}

Record = Mapping[str, Any]


class Printer:
    """The output of one command.

    Results are printed to standard output; with ``--json``, as one document when the command ends. Remarks are
    additional text that ``--quiet`` and ``--json`` suppress.

    Attributes:
        is_quiet: whether remarks are suppressed.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._is_json = bool(getattr(options, "json", False))
        self.is_quiet = bool(getattr(options, "quiet", False))
        self._is_strict = bool(getattr(options, "strict", False))
        self._document: object = None
        self._failures: dict[str, str] = {}

    def result(self, text: str, document: object) -> None:
        """Print the result: ``text``, or ``document`` with ``--json``."""
        self._document = document
        if not self._is_json:
            _print(text)

    def records(self, records: Sequence[Record], columns: Sequence[str]) -> None:
        """Print a table of records with the given columns."""
        self.result(table([[cell(name, each.get(name)) for name in columns] for each in records], columns), [*records])

    def raw_records(self, records: Sequence[Record]) -> None:
        """Print a table with every field as the platform sent it: sizes in bytes, dates in ISO 8601."""
        columns = [*records[0]]
        self.result(table([[each.get(name) for name in columns] for each in records], columns), [*records])

    def remark(self, text: str) -> None:
        """Print a remark unless remarks are suppressed."""
        if not (self._is_json or self.is_quiet):
            _print(text)

    def failure(self, action: str, record_id: str, message: str) -> None:
        """Report that ``action`` failed for one record. The command continues."""
        self._failures[record_id] = message
        text = f"{f'failed to {action}'.capitalize()} '{record_id}': {message}"
        if not self._is_json:
            _print(text)

    def finish(self) -> int:
        """Print the JSON document if requested, and return the exit status."""
        if self._is_json:
            if self._failures:
                self._document = {"result": self._document, "failures": self._failures}
            json.dump(self._document, sys.stdout, indent=2, default=str)
            sys.stdout.write("\n")
        return 1 if self._failures and self._is_strict else 0


def printable(text: str) -> str:
    """Replace unprintable characters of a line, such as terminal escape sequences, with spaces."""
    return "".join(each if each.isprintable() else " " for each in text)


def terminal_text(text: str, stream: TextIO) -> str:
    """Return text that others may have made, such as the log of a job, so that it cannot control a terminal."""
    return "\n".join(map(printable, text.split("\n"))) if stream.isatty() else text


def _print(text: str) -> None:
    print(terminal_text(text, sys.stdout))


def table(rows: Iterable[Sequence[object]], headers: Sequence[str]) -> str:
    """Format rows as a text table."""
    from tabulate import tabulate

    text: str = tabulate([[*row] for row in rows], headers=[*headers], tablefmt="simple")
    return text


def cell(name: str, value: Any) -> object:
    """Format a field of a record for a table."""
    if name in _DATES:
        return local_time(value)
    if name == "size":
        return human_size(value)
    if name in _LONG:
        return shortened(value)
    return value


def shortened(text: object) -> object:
    """Shorten text to the maximum width of a cell."""
    return f"{text[:_SHORTENED]} ..." if isinstance(text, str) and len(text) > LONGEST_CELL else text


def shortened_key(key: str) -> str:
    """Shorten a secret key. At least 43 characters stay hidden: 256 bits of the platform's keys."""
    return f"{key[: min(_SHORTENED, max(0, len(key) - _HIDDEN))]} ..."


def human_size(size_bytes: float | None) -> str:
    """Format a size in bytes, such as ``120.1KB`` or ``1TB``; empty if unknown."""
    if size_bytes is None or size_bytes < 0:
        return ""
    size, unit = float(size_bytes), "B"
    for unit in ("B", "KB", "MB", "GB", "TB", "PB"):
        if size < 1024 or unit == "PB":
            break
        size /= 1024
    return f"{size:.1f}".rstrip("0").rstrip(".") + unit


def local_time(text: object) -> str:
    """Format an ISO 8601 date in the local time zone."""
    if not text:
        return ""
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def is_coloured(stream: TextIO) -> bool:
    """Return whether to print colours: ``stream`` is a terminal and ``NO_COLOR`` is not set."""
    return stream.isatty() and "NO_COLOR" not in os.environ
