"""Call descriptions: the request of a call and how its response is read. Pure values; nothing here sends."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, Never, TypeVar
from urllib.parse import urlencode

from voxel51.transport.errors import APIError, InvalidRequest
from voxel51.transport.messages import BufferedResponse, Request, Response, StreamedBody
from voxel51.transport.multipart import FilePart, encode
from voxel51.transport.secrets import SecretHeaders, origin_of
from voxel51.wire import direct
from voxel51.wire.batches import BatchResponse
from voxel51.wire.headers import IDEMPOTENCY_KEY

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Call(Generic[Result_co]):
    """Description of one call to the platform.

    Attributes:
        method: the HTTP method.
        path: the path below the base URL, without a slash at either end.
        read: returns the result from the body of a successful response. An exception that it raises means that the
            response did not come from a platform.
        body: the body of the request.
        headers: the headers of the request, without credentials.
        repeatable: whether sending the request twice has the same effect as sending it once. A POST is always
            repeatable, see `request`.
        read_response: replaces ``read`` for a call whose result is in headers as well.
        refusal: returns the error for a response with a status of 400 or above.
        idempotency_key: the key of a POST; None makes a new one for each request.
    """

    method: str
    path: str
    read: Callable[[bytes], Result_co]
    body: bytes | StreamedBody | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = False
    read_response: Callable[[BufferedResponse], Result_co] | None = None
    refusal: Callable[[Response | BufferedResponse], APIError] = APIError.from_response
    idempotency_key: str | None = None

    def request(self, base_url: str, headers: Mapping[str, str], timeout_seconds: float | None = None) -> Request:
        """Return the request to send, with the caller's credentials in ``headers``.

        A POST gets an idempotency key. The platform answers a repetition with the same key as it answered the first
        request, without acting again, so every POST may be retried.
        """
        from uuid import uuid4  # noqa: PLC0415  (slow, and only for requests)

        key = {IDEMPOTENCY_KEY: self.idempotency_key or str(uuid4())} if self.method == "POST" else {}
        return Request(
            self.method,
            f"{base_url}/{self.path}",
            SecretHeaders({**headers, **self.headers, **key}),
            self.body,
            self.repeatable or bool(key),
            timeout_seconds,
        )

    def result(self, response: BufferedResponse) -> Result_co:
        """Return the result of the call.

        Raises:
            APIError: the platform rejected the request, or the response did not come from a platform.
        """
        self.require_success(response)
        try:
            return self.read(response.body) if self.read_response is None else self.read_response(response)
        except (ValueError, KeyError, TypeError):
            raise APIError(
                f"{self.method} {self.path}: the response did not come from a platform. Check base_api_url.",
                response.status,
            ) from None

    def require_success(self, response: Response | BufferedResponse) -> None:
        """Raise `APIError` if ``response`` is an error, or a redirect of a request that changes data."""
        if response.status >= 400:
            raise self.refusal(response)
        if response.status >= 300 and direct.HEADER not in response.headers:
            raise APIError(
                "the platform redirects to another address. Set base_api_url to that address.", response.status
            )


def require_store_success(response: Response | BufferedResponse) -> None:
    """Raise `APIError` unless the store, to which a signed link leads, served the request."""
    if not 200 <= response.status < 300:
        raise APIError(f"{origin_of(response.url)} answered with status {response.status}", response.status)


def get(path: str, read: Callable[[bytes], Result], document: Mapping[str, object] | None = None) -> Call[Result]:
    """Return a call that reads. ``document`` is sent as a JSON body, in which the platform expects queries."""
    if document is None:
        return Call("GET", path, read, repeatable=True)
    return Call("GET", path, read, _json(document), _JSON_HEADERS, repeatable=True)


def post_json(path: str, read: Callable[[bytes], Result], document: Mapping[str, object]) -> Call[Result]:
    """Return a call that sends ``document`` as JSON."""
    return Call("POST", path, read, _json(document), _JSON_HEADERS)


def post_file(
    path: str,
    read: Callable[[bytes], Result],
    file: FilePart,
    options: Mapping[str, str | None] | None = None,
    part: str = "file",
) -> Call[Result]:
    """Return a call that sends a multipart form with ``file`` as ``part``, and the ``options`` that are not None."""
    fields = {name: text for name, text in (options or {}).items() if text is not None}
    content_type, body = encode({part: file}, fields)
    return Call("POST", path, read, body, {"Content-Type": content_type})


def put_json(path: str, read: Callable[[bytes], Result], document: Mapping[str, object]) -> Call[Result]:
    """Return a call that replaces something by ``document``, sent as JSON."""
    return Call("PUT", path, read, _json(document), _JSON_HEADERS, repeatable=True)


def patch_json(path: str, read: Callable[[bytes], Result], document: Mapping[str, object]) -> Call[Result]:
    """Return a call that changes the fields of ``document``, sent as JSON."""
    return Call("PATCH", path, read, _json(document), _JSON_HEADERS, repeatable=True)


def put(path: str, form: Mapping[str, str] | None = None, *, repeatable: bool = False) -> Call[None]:
    """Return a call that changes something, as ``form`` or the path alone says."""
    if form is None:
        return Call("PUT", path, nothing, repeatable=repeatable)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Call("PUT", path, nothing, urlencode(form).encode(), headers, repeatable)


def delete_path(path: str) -> Call[None]:
    """Return a call that deletes. It is not retried, because the second response would be "not found"."""
    return Call("DELETE", path, nothing)


def batch(noun: str, action: str, ids: Iterable[str], **options: object) -> Call[dict[str, BatchResponse]]:
    """Return a call that applies one action to many records."""
    document = {**options, "action": action, "ids": list(ids)}
    return post_json(f"{noun}/batch", entry("responses"), document)


def nothing(_body: bytes) -> None:
    """Read no result: the status says everything."""


def body_is_not_enough(_body: bytes) -> Never:
    """Raise TypeError: the result is in the headers, and only ``read_response`` can read it."""
    raise TypeError("the result is read from the headers of the response")


def document(body: bytes) -> Any:
    """Return the JSON object in the body. The caller declares its shape, so the result is untyped here."""
    result = json.loads(body.decode())
    if not isinstance(result, dict):
        raise TypeError(f"expected a JSON object, not {type(result).__name__}")
    return result


def entry(name: str) -> Callable[[bytes], Any]:
    """Return a reader of one entry of the JSON object in the body. The caller declares its type."""
    return lambda body: document(body)[name]


def text(body: bytes) -> str:
    """Return the body as UTF-8 text; invalid bytes are replaced."""
    return body.decode(errors="replace")


def path_segment(identifier: str) -> str:
    """Return ``identifier`` unchanged if it is a valid segment of a path.

    Raises:
        InvalidRequest: the identifier would change the path of the request.
    """
    identifier = str(identifier)
    if identifier in {".", ".."} or _PATH_SEGMENT.fullmatch(identifier) is None:
        raise InvalidRequest(
            f"{identifier!r} is not an id or a name: these have no spaces, '/', '\\', '?', '#' or '%'. "
            "Ids are listed by list_data, list_jobs and list_analytics.",
            400,
        )
    return identifier


def date_text(moment: date | str) -> str:
    """Return a date as it is sent: text unchanged, a date or datetime in ISO 8601. Without a time zone it is UTC."""
    return moment.isoformat() if isinstance(moment, date) else str(moment)


def new_lifetime(days: float | str | None, expiration_date: date | str | None) -> dict[str, str]:
    """Return the form that changes a lifetime: by a number of days, which may be negative, or to a date.

    Raises:
        InvalidRequest: not exactly one of the two was specified.
    """
    if (days is None) == (expiration_date is None):
        raise InvalidRequest("Either `days` or `expiration_date` must be provided", 400)
    return {"days": str(days)} if expiration_date is None else {"expiration_date": date_text(expiration_date)}


_PATH_SEGMENT = re.compile(r"[^/\\?#%\x00-\x20\x7f]+")
_JSON_HEADERS = {"Content-Type": "application/json"}


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document).encode()
