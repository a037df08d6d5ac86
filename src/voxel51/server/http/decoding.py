"""Decoding of JSON and form bodies, and rejection of the character NUL.

PostgreSQL cannot store U+0000 in text, so no text with it reaches a service, whichever database is in use.
"""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from voxel51.server.errors import BadRequest
from voxel51.server.http.bodies import JsonBody

T = TypeVar("T")

_NUL = "\0"
_MAX_FORM_FIELDS = 64


def decode_json(request: Request, body: JsonBody[T], content: bytes) -> T:
    """Return ``content`` as the shape that ``body`` declares. An empty body counts as an empty object.

    Raises:
        BadRequest: the content is malformed, or does not match the shape.
    """
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    try:
        if is_form and body.form:
            return msgspec.convert(_read_form(content), body.shape, strict=False)
        return msgspec.json.decode(content or b"{}", type=body.shape)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body does not have the expected form: {error}") from None


def _read_form(content: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS)
    except ValueError as error:
        raise BadRequest(f"The form cannot be read: {error}") from None
    return dict(pairs)


def reject_nul(values: Mapping[str, object]) -> None:
    """Raise `BadRequest`, naming the field, if any text in ``values``, however deeply nested, contains NUL."""
    for name, value in values.items():
        if _has_nul(name) or _has_nul(value):
            shown = name.replace(_NUL, "\\0")
            raise BadRequest(f"{shown!r:.100} contains the character NUL (U+0000); remove it")


def _has_nul(value: object) -> bool:
    # A list of open values instead of recursion: bodies may be nested as deeply as their sender likes.
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, str):
            if _NUL in current:
                return True
        elif isinstance(current, Mapping):
            pending += [*current.keys(), *current.values()]
        elif isinstance(current, list):
            pending += current
    return False
