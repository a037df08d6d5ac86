"""The routes of uploads that come in pieces, by the protocol tus 1.0.0 (https://tus.io/protocols/resumable-upload)."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from email.utils import format_datetime
from typing import Any

from voxel51.server.data.upload_writer import Checksum, UploadWriter
from voxel51.server.data.uploads_service import NewUpload, UploadService, UploadState
from voxel51.server.errors import BadRequest, UnsupportedType, UnsupportedVersion
from voxel51.server.http.route import Answer, Body, Call, Header, Needs, NoBody, RawBody, Route, StreamBody
from voxel51.wire import digests
from voxel51.wire import uploads as tus

_ALWAYS = {tus.RESUMABLE: tus.VERSION, tus.SERVER_VERSION: tus.VERSION, "Cache-Control": "no-store"}
_ANY_TYPE = "*/*"
"""What the API description says in the place of `tus.CONTENT_TYPE`: tools that make requests by it do not know that."""

_NUMBER = "^[0-9]{1,18}$"
_RESUMABLE = {
    tus.RESUMABLE: Header("version of the protocol; needed, or the answer is 412, as tus has it", r"^1\.0\.0$")
}
_DIGEST_HASHES = {"sha1": 20, "sha256": 32}


def upload_routes(uploads: UploadService, limit_bytes: int, base_path: str) -> Iterable[Route]:
    """One table of all routes of uploads in pieces. ``base_path`` is in front of their paths where they are reached."""
    handlers = _Handlers(uploads, limit_bytes, base_path)
    first = RawBody("data", media_type=_ANY_TYPE, is_whole=False)
    following = StreamBody(handlers.open, _ANY_TYPE)
    return [
        _route("OPTIONS", "", handlers.options, "What uploads in pieces can do", NoBody(), _TOLD_OPTIONS, ()),
        _route("POST", "", handlers.create, "Begin an upload in pieces", first, _TOLD_STATE | _LOCATION, (412, 415)),
        _route(
            "HEAD", "/{upload_id}", handlers.state, "Where an upload stands", NoBody(), _TOLD_STATE, (400, 404, 412)
        ),
        _route(
            "PATCH",
            "/{upload_id}",
            handlers.settle,
            "Go on with an upload",
            following,
            _TOLD_STATE,
            (404, 409, 412, 415, 423, 460),
        ),
        _route("DELETE", "/{upload_id}", handlers.delete, "Forget an upload", NoBody(), {}, (404, 412)),
    ]


_TOLD_STATE = {
    tus.OFFSET: "bytes that are kept",
    tus.EXPIRES: "when an upload that nobody goes on with is forgotten",
    tus.DATA_ID: "the data that it became, once it is finished",
    digests.REPR_DIGEST: "SHA-256 of the whole, once it is finished",
}
_LOCATION = {"Location": "where the upload goes on"}
_TOLD_OPTIONS = {
    tus.SERVER_EXTENSIONS: "extensions of the protocol",
    tus.SERVER_LIMIT: "bytes of the largest file that is taken",
    tus.SERVER_CHECKSUM_ALGORITHMS: f"algorithms of {tus.CHECKSUM}",
}
_REPR_DIGEST = Header("hash of the whole file: what has another is not kept", digests.PATTERN)
_TAKEN: Mapping[str, Mapping[str, Header]] = {
    "OPTIONS": {},
    "POST": {
        **_RESUMABLE,
        tus.LENGTH: Header("bytes of the whole; needed", _NUMBER),
        tus.METADATA: Header("key and base64 of its value, comma between: filename, filetype, data_ttl"),
        digests.REPR_DIGEST: _REPR_DIGEST,
    },
    "HEAD": _RESUMABLE,
    "PATCH": {
        **_RESUMABLE,
        tus.OFFSET: Header("bytes that are kept so far; needed", _NUMBER),
        tus.CHECKSUM: Header("sha1 or sha256, a blank, and base64 of the body's hash"),
        digests.CONTENT_DIGEST: Header("the same as in RFC 9530", digests.PATTERN),
    },
    "DELETE": _RESUMABLE,
}


def _route(
    method: str,
    path: str,
    handler: Callable[[Call], Answer],
    summary: str,
    body: Body,
    told: Mapping[str, str],
    errors: tuple[int, ...],
) -> Route:
    return Route(
        method,
        f"/data/uploads{path}",
        handler,
        summary,
        needs=Needs.NOBODY if method == "OPTIONS" else Needs.USER,
        body=body,
        status={"POST": 201, "HEAD": 200}.get(method, 204),
        errors=errors,
        takes_headers=_TAKEN[method],
        answer_headers=told,
        always=_ALWAYS,
    )


class _Handlers:
    def __init__(self, uploads: UploadService, limit_bytes: int, base_path: str) -> None:
        self._uploads = uploads
        self._limit_bytes = limit_bytes
        self._base_path = base_path

    def options(self, _call: Call) -> Answer:
        told = {
            tus.SERVER_EXTENSIONS: tus.EXTENSIONS,
            tus.SERVER_LIMIT: str(self._limit_bytes),
            tus.SERVER_CHECKSUM_ALGORITHMS: tus.CHECKSUM_ALGORITHMS,
        }
        return Answer(headers=told)

    def create(self, call: Call) -> Answer:
        _check_version(call)
        announced = _announced(call.headers)
        first = call.upload.writer if call.upload is not None else None
        if first is not None and first.size_bytes:
            _check_type(call)
        state = self._uploads.create(call.caller.id, announced, first)
        location = {"Location": f"{self._base_path}/data/uploads/{state.id}"}
        return Answer(headers=_told(state) | location)

    def state(self, call: Call) -> Answer:
        _check_version(call)
        state = self._uploads.state(call.caller.id, call.path["upload_id"])
        length = {tus.LENGTH: str(state.size_bytes)}
        metadata = {tus.METADATA: state.metadata_text} if state.metadata_text else {}
        return Answer(headers=_told(state) | length | metadata)

    def open(self, call: Call) -> UploadWriter:
        _check_version(call)
        _check_type(call)
        offset_bytes = _number(call.headers, tus.OFFSET)
        checksum = _checksum(call.headers)
        return self._uploads.open(call.caller.id, call.path["upload_id"], offset_bytes, checksum)

    def settle(self, call: Call) -> Answer:
        return Answer(headers=_told(self._uploads.settle(call.caller.id, call.sink)))

    def delete(self, call: Call) -> Answer:
        _check_version(call)
        self._uploads.delete(call.caller.id, call.path["upload_id"])
        return Answer()


def _told(state: UploadState) -> dict[str, str]:
    told = {tus.OFFSET: str(state.offset_bytes)}
    if state.data_id is None:
        told[tus.EXPIRES] = format_datetime(state.expires_at, usegmt=True)
    else:
        told[tus.DATA_ID] = state.data_id
    if state.sha256 is not None:
        told[digests.REPR_DIGEST] = digests.to_header(state.sha256)
    return told


def _check_version(call: Call) -> None:
    version = call.headers.get(tus.RESUMABLE)
    if version != tus.VERSION:
        raise UnsupportedVersion(f"{tus.RESUMABLE} must be {tus.VERSION}, not {version!r}")


def _check_type(call: Call) -> None:
    media_type = call.headers.get("content-type")
    if media_type != tus.CONTENT_TYPE:
        raise UnsupportedType(f"Content-Type must be {tus.CONTENT_TYPE}, not {media_type!r}")


def _announced(headers: Mapping[str, str]) -> NewUpload:
    if tus.DEFER_LENGTH in headers:
        raise BadRequest(f"{tus.DEFER_LENGTH} is not possible here; say {tus.LENGTH}")
    text = headers.get(tus.METADATA, "")
    try:
        metadata = tus.metadata_from_header(text)
        sha256 = digests.from_header(headers.get(digests.REPR_DIGEST))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return NewUpload(_number(headers, tus.LENGTH), text, metadata, sha256)


def _number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRequest(f"{name} is a number of bytes, not {text!r}")
    return int(text)


def _checksum(headers: Mapping[str, str]) -> Checksum | None:
    try:
        announced = digests.from_header(headers.get(digests.CONTENT_DIGEST))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    if announced is not None:
        return Checksum("sha256", bytes.fromhex(announced))
    text: Any = headers.get(tus.CHECKSUM)
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != _DIGEST_HASHES.get(algorithm):
        raise BadRequest(f"{tus.CHECKSUM} is one of {tus.CHECKSUM_ALGORITHMS}, a blank and base64, not {text!r}")
    return Checksum(algorithm, digest)
