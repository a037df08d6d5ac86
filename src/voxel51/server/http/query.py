"""Query parsing: read fields, search terms, order and page from a request, in every encoding that clients use.

Lists arrive as JSON arrays or comma-joined text in a JSON body, or in the query string comma-joined, as repeated keys
or with brackets (``search[0]=``). Numbers and booleans may be text. The body takes precedence over the query string.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec
from starlette.datastructures import QueryParams

from voxel51.server.database.search import Query, Term
from voxel51.server.errors import BadRequest

_BRACKETS = re.compile(r"\[\d*\]$")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
MAX_NUMBER = 10**18 - 1
"""Largest offset and limit; no list is longer."""

_KEYS = ("fields", "search", "sort", "offset", "limit", "all_versions", "cursor")


def read_query(arguments: QueryParams, body: bytes) -> Query:
    """Return the query of a request.

    Raises:
        BadRequest: it is malformed; the message names the part and its value.
    """
    values: dict[str, object] = {**_from_query_string(arguments), **_from_body(body)}
    return Query(
        fields=_names(values.get("fields")),
        search=tuple(term for piece in _pieces(values.get("search")) for term in read_search(piece)),
        sort=_sort(values.get("sort")),
        offset=_number("offset", values.get("offset")),
        limit=_number("limit", values.get("limit")) or None,
        all_versions=_flag("all_versions", values.get("all_versions")),
        cursor="".join(_pieces(values.get("cursor"))) or None,
    )


def read_search(text: str) -> tuple[Term, ...]:
    """Return the terms of a search, as in a query."""
    return tuple(_term(part) for part in _split(text, ",") if part)


def _from_query_string(arguments: QueryParams) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for key, value in arguments.multi_items():
        name = _BRACKETS.sub("", key)
        if name in _KEYS:
            values.setdefault(name, []).append(value)
    return values


def _from_body(body: bytes) -> Mapping[str, object]:
    if not body.strip():
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The query is not a JSON object: {error}") from None


def _pieces(value: object) -> Iterator[str]:
    if value is None:
        return
    for piece in value if isinstance(value, list) else [value]:
        if not isinstance(piece, str):
            raise BadRequest(f"{piece!r} is not text; fields and search are texts or lists of texts")
        yield piece


def _names(value: object) -> tuple[str, ...] | None:
    names = tuple(name.strip() for piece in _pieces(value) for name in piece.split(",") if name.strip())
    return names or None


def _term(text: str) -> Term:
    field, *rest = _split(text, ":", max_splits=1)
    if not rest:
        return Term(None, tuple(_unescape(part) for part in _split(text, "|")))
    name = _unescape(field).strip().lower().replace(" ", "_")
    return Term(name, tuple(_unescape(part) for part in _split(rest[0], "|")))


def _sort(value: object) -> tuple[str, bool] | None:
    text = ",".join(_pieces(value)).strip()
    if not text:
        return None
    field, _, direction = text.partition(":")
    if direction.lower() not in {"", "asc", "desc"}:
        raise BadRequest(f"sort is <field>:asc or <field>:desc, not {text!r}")
    return field.strip().lower(), direction.lower() != "asc"


def _number(name: str, value: object) -> int:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or value == "":
        return 0
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"[0-9]{1,18}", str(value)):
        raise BadRequest(f"{name} is a whole number from 0, not {value!r}")
    return int(value)


def _flag(name: str, value: object) -> bool:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0", ""}:
        return value.lower() in {"true", "1"}
    raise BadRequest(f"{name} is true or false, not {value!r}")


def _split(text: str, separator: str, max_splits: int = -1) -> list[str]:
    """Split at separators that are not escaped by a backslash; escapes stay in the pieces."""
    pieces: list[str] = []
    start = position = 0
    while position < len(text):
        if text[position] == "\\":
            position += 1  # skip the escaped character
        elif text[position] == separator and len(pieces) != max_splits:
            pieces.append(text[start:position])
            start = position + 1
        position += 1
    return [*pieces, text[start:]]


def _unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
