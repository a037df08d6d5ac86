"""What a call is: what goes out, and how the answer is read. Pure values; nothing here sends."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

from voxel51.transport.errors import APIError, InvalidRequest
from voxel51.transport.messages import BufferedResponse, Request, Response, StreamedBody
from voxel51.transport.multipart import FilePart, encode
from voxel51.transport.secrets import SecretHeaders
from voxel51.wire.batches import BatchResponse
from voxel51.wire.headers import IDEMPOTENCY_KEY

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """One call to the platform.

    Attributes:
        path: below the base URL, without a slash at either end.
        read: makes the result of the body of a successful answer. Whatever it raises means that the answer was not
            that of a platform.
        repeatable: sending it twice does no more than sending it once. A POST always is, see `request`.
        read_answer: the same as ``read``, for a call whose result is told in headers, too.
        refusal: makes the error of an answer with a status of 400 or above.
    """

    method: str
    path: str
    read: Callable[[bytes], Result]
    body: bytes | StreamedBody | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = False
    read_answer: Callable[[BufferedResponse], Result] | None = None
    refusal: Callable[[Response | BufferedResponse], APIError] = APIError.from_response

    def request(self, base_url: str, headers: Mapping[str, str], timeout_seconds: float | None = None) -> Request:
        """The request that goes out, with the caller's credentials in ``headers``.

        A POST gets a key of its own, by which the platform knows a repetition of this very request: it answers that as
        it answered before and does nothing again. So every POST may be repeated.
        """
        keyed = {IDEMPOTENCY_KEY: str(uuid4())} if self.method == "POST" else {}
        return Request(
            self.method,
            f"{base_url}/{self.path}",
            SecretHeaders({**headers, **self.headers, **keyed}),
            self.body,
            self.repeatable or bool(keyed),
            timeout_seconds,
        )

    def result(self, answer: BufferedResponse) -> Result:
        """What the call returns.

        Raises:
            APIError: the platform refused, or something else than a platform answered.
        """
        self.require_success(answer)
        try:
            return self.read(answer.body) if self.read_answer is None else self.read_answer(answer)
        except (ValueError, KeyError, TypeError):
            raise APIError(
                f"{self.method} {self.path} was answered with something that no platform says; is base_api_url right?",
                answer.status,
            ) from None

    def require_success(self, answer: Response | BufferedResponse) -> None:
        """Return when ``answer`` is what was asked for.

        Raises:
            APIError: it is an error, or a redirect that is not followed because the request changes something.
        """
        if answer.status >= 400:
            raise self.refusal(answer)
        if answer.status >= 300:
            raise APIError("the platform has moved; put the address it redirects to into base_api_url", answer.status)


def get(path: str, read: Callable[[bytes], Result], document: Mapping[str, Any] | None = None) -> Call[Result]:
    """Read something. ``document`` goes along as a JSON body, as the platform's queries do."""
    if document is None:
        return Call("GET", path, read, repeatable=True)
    return Call("GET", path, read, _json(document), _JSON_HEADERS, repeatable=True)


def post_json(path: str, read: Callable[[bytes], Result], document: Mapping[str, Any]) -> Call[Result]:
    """Send ``document``."""
    return Call("POST", path, read, _json(document), _JSON_HEADERS)


def post_file(
    path: str, read: Callable[[bytes], Result], file: FilePart, options: Mapping[str, str | None] | None = None
) -> Call[Result]:
    """Send a form with ``file`` and those of ``options`` that are not None."""
    given = {name: text for name, text in (options or {}).items() if text is not None}
    content_type, body = encode({"file": file}, given)
    return Call("POST", path, read, body, {"Content-Type": content_type})


def put(path: str, form: Mapping[str, str] | None = None, *, repeatable: bool = False) -> Call[None]:
    """Change something, told by ``form`` or by the path alone."""
    if form is None:
        return Call("PUT", path, nothing, repeatable=repeatable)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Call("PUT", path, nothing, urlencode(form).encode(), headers, repeatable)


def delete(path: str) -> Call[None]:
    """Remove something. Not repeated: the second answer would be that there is no such thing."""
    return Call("DELETE", path, nothing)


def batch(noun: str, action: str, ids: Iterable[str], **options: str) -> Call[dict[str, BatchResponse]]:
    """One action on many records of a kind."""
    document = {**options, "action": action, "ids": list(ids)}
    return post_json(f"{noun}/batch", entry("responses"), document)


def nothing(_body: bytes) -> None:
    """The answer says nothing beyond its status."""


def document(body: bytes) -> Any:
    """The answer is the result: a JSON object."""
    result = json.loads(body.decode())
    if not isinstance(result, dict):
        raise TypeError(f"a JSON object was expected, not {type(result).__name__}")
    return result


def entry(name: str) -> Callable[[bytes], Any]:
    """The result is one entry of the JSON object that answers."""
    return lambda body: document(body)[name]


def text(body: bytes) -> str:
    """The answer is text in UTF-8; what is not is replaced."""
    return body.decode(errors="replace")


def part_of_path(identifier: str) -> str:
    """``identifier`` as it stands, if it can be part of a path.

    Raises:
        InvalidRequest: it would lead elsewhere or be cut off.
    """
    identifier = str(identifier)
    if identifier in {".", ".."} or _PART_OF_PATH.fullmatch(identifier) is None:
        raise InvalidRequest(
            f"{identifier!r} is not an id; ids are listed by list_data, list_jobs and list_analytics", 400
        )
    return identifier


def date_text(moment: date | str) -> str:
    """A date as it goes out: text as it stands, a date or datetime in ISO 8601. Without a zone it counts as UTC."""
    return moment.isoformat() if isinstance(moment, date) else str(moment)


def new_lifetime(days: float | str | None, expiration_date: date | str | None) -> dict[str, str]:
    """How a lifetime is changed: by a number of days (may be negative) or to a date.

    Raises:
        InvalidRequest: not exactly one of the two was given.
    """
    if (days is None) == (expiration_date is None):
        raise InvalidRequest("Either `days` or `expiration_date` must be provided", 400)
    return {"days": str(days)} if expiration_date is None else {"expiration_date": date_text(expiration_date)}


_PART_OF_PATH = re.compile(r"[^/\\?#%\x00-\x20\x7f]+")
_JSON_HEADERS = {"Content-Type": "application/json"}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()
