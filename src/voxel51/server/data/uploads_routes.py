"""Resumable upload routes: the protocol tus 1.0.0 (https://tus.io/protocols/resumable-upload)."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from email.utils import format_datetime

from voxel51.server.accounts.access import BY_USER
from voxel51.server.accounts.callers import User
from voxel51.server.data.direct_uploads import DirectUploadService
from voxel51.server.data.upload_rows import NewUpload
from voxel51.server.data.upload_writer import Checksum, UploadWriter
from voxel51.server.data.uploads_service import UploadService, UploadState
from voxel51.server.errors import BadRequest, UnsupportedType, UnsupportedVersion
from voxel51.server.http.access import ANYONE
from voxel51.server.http.bodies import RawBody, StreamBody, Upload
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import JsonReply
from voxel51.server.http.route import Headers, Policy, RequestHeader, Route, route
from voxel51.wire import digests, direct
from voxel51.wire import uploads as tus

_ALWAYS = {tus.RESUMABLE: tus.VERSION, tus.SERVER_VERSION: tus.VERSION, "Cache-Control": "no-store"}
_ANY_TYPE = "*/*"
"""Media type in the API description instead of `tus.CONTENT_TYPE`, which tools that generate requests do not know."""

_NUMBER = "^[0-9]{1,18}$"
_DIGEST_BYTES = {"sha1": 20, "sha256": 32}

_VERSION = {
    tus.RESUMABLE: RequestHeader("version of the protocol; required: the answer is 412 without it", r"^1\.0\.0$")
}
_CREATE = {
    **_VERSION,
    tus.LENGTH: RequestHeader("bytes of the whole file; required", _NUMBER),
    tus.METADATA: RequestHeader("key and base64 value, separated by commas: filename, filetype, data_ttl, reuse"),
    digests.REPR_DIGEST: RequestHeader("hash of the whole file: a file with another hash is rejected", digests.PATTERN),
    direct.HEADER: RequestHeader("true: the client can send parts straight to the store, if it is told so", "^true$"),
}
_APPEND = {
    **_VERSION,
    tus.OFFSET: RequestHeader("bytes that are stored so far; required", _NUMBER),
    tus.CHECKSUM: RequestHeader("sha1 or sha256, a space, and the hash of the body in base64"),
    digests.CONTENT_DIGEST: RequestHeader("hash of the body, as in RFC 9530", digests.PATTERN),
}
_STATE = {
    tus.OFFSET: "bytes that are stored",
    tus.EXPIRES: "when the upload is deleted unless it continues",
    tus.DATA_ID: "id of the data, once the upload is complete",
    digests.REPR_DIGEST: "SHA-256 of the whole file, once the upload is complete",
    direct.PART_BYTES: "size of the parts, if they go straight to the store: see the route for parts",
}
_LOCATION = {"Location": "where the upload continues"}
_OPTIONS = {
    tus.SERVER_EXTENSIONS: "extensions of the protocol",
    tus.SERVER_LIMIT: "largest file, in bytes",
    tus.SERVER_CHECKSUM_ALGORITHMS: f"algorithms of {tus.CHECKSUM}",
}


def upload_routes(
    uploads: UploadService, direct_uploads: DirectUploadService, limit_bytes: int, base_path: str
) -> Iterable[Route]:
    """Return the routes of resumable uploads. ``base_path`` precedes their paths in the ``Location`` header."""
    handlers = _Handlers(uploads, direct_uploads, limit_bytes, base_path)
    base, one = "/data/uploads", "/data/uploads/{upload_id}"
    first = RawBody("data", media_type=_ANY_TYPE, is_whole=False)
    return [
        route("OPTIONS", base, handlers.options, "Get the options of resumable uploads", Policy(ANYONE), status=204,
              headers=Headers({}, _OPTIONS, _ALWAYS)),
        route("POST", base, handlers.create, "Create a resumable upload", BY_USER, first, status=201,
              errors=(412, 415), headers=Headers(_CREATE, _STATE | _LOCATION, _ALWAYS)),
        route("HEAD", one, handlers.state, "Get the offset of an upload", BY_USER, errors=(400, 404, 412),
              headers=Headers(_VERSION, _STATE, _ALWAYS)),
        route("PATCH", one, handlers.settle, "Continue an upload", BY_USER, StreamBody(handlers.open, _ANY_TYPE),
              status=204, errors=(404, 409, 412, 415, 423, 460), headers=Headers(_APPEND, _STATE, _ALWAYS)),
        route("DELETE", one, handlers.delete, "Cancel an upload", BY_USER, status=204, errors=(404, 412, 423),
              headers=Headers(_VERSION, {}, _ALWAYS)),
    ]  # fmt: skip


class _Handlers:
    def __init__(
        self, uploads: UploadService, direct_uploads: DirectUploadService, limit_bytes: int, base_path: str
    ) -> None:
        self._uploads = uploads
        self._direct_uploads = direct_uploads
        self._limit_bytes = limit_bytes
        self._base_path = base_path

    def options(self, _context: RequestContext[None]) -> JsonReply:
        headers = {
            tus.SERVER_EXTENSIONS: tus.EXTENSIONS,
            tus.SERVER_LIMIT: str(self._limit_bytes),
            tus.SERVER_CHECKSUM_ALGORITHMS: tus.CHECKSUM_ALGORITHMS,
        }
        return JsonReply(headers=headers)

    def create(self, context: RequestContext[User], upload: Upload) -> JsonReply:
        _check_version(context)
        announced = _announced(context.headers)
        if upload.stored.size_bytes:
            _check_type(context)
        state = None
        if context.headers.get(direct.HEADER) == direct.ANNOUNCED and not upload.stored.size_bytes:
            state = self._direct_uploads.create(context.caller.id, announced)
        state = state or self._uploads.create(context.caller.id, announced, upload.stored)
        location = {"Location": f"{self._base_path}/data/uploads/{state.id}"}
        return JsonReply(headers=_state_headers(state) | location)

    def state(self, context: RequestContext[User]) -> JsonReply:
        _check_version(context)
        state = self._uploads.state(context.caller.id, context.path_params["upload_id"])
        length = {tus.LENGTH: str(state.size_bytes)}
        metadata = {tus.METADATA: state.metadata_text} if state.metadata_text else {}
        return JsonReply(headers=_state_headers(state) | length | metadata)

    def open(self, context: RequestContext[User]) -> UploadWriter:
        _check_version(context)
        _check_type(context)
        offset_bytes = _number(context.headers, tus.OFFSET)
        checksum = _checksum(context.headers)
        return self._uploads.open(context.caller.id, context.path_params["upload_id"], offset_bytes, checksum)

    def settle(self, context: RequestContext[User], writer: UploadWriter) -> JsonReply:
        return JsonReply(headers=_state_headers(self._uploads.settle(context.caller.id, writer)))

    def delete(self, context: RequestContext[User]) -> JsonReply:
        _check_version(context)
        self._uploads.delete(context.caller.id, context.path_params["upload_id"])
        return JsonReply()


def _state_headers(state: UploadState) -> dict[str, str]:
    headers = {tus.OFFSET: str(state.offset_bytes)}
    if state.data_id is None:
        headers[tus.EXPIRES] = format_datetime(state.expires_at, usegmt=True)
    else:
        headers[tus.DATA_ID] = state.data_id
    if state.sha256 is not None:
        headers[digests.REPR_DIGEST] = digests.to_header(state.sha256)
    if state.part_bytes is not None:
        headers[direct.PART_BYTES] = str(state.part_bytes)
    return headers


def _check_version(context: RequestContext[User]) -> None:
    version = context.headers.get(tus.RESUMABLE)
    if version != tus.VERSION:
        raise UnsupportedVersion(f"{tus.RESUMABLE} must be {tus.VERSION}, not {version!r}")


def _check_type(context: RequestContext[User]) -> None:
    media_type = context.headers.get("content-type")
    if media_type != tus.CONTENT_TYPE:
        raise UnsupportedType(f"Content-Type must be {tus.CONTENT_TYPE}, not {media_type!r}")


def _announced(headers: Mapping[str, str]) -> NewUpload:
    if tus.DEFER_LENGTH in headers:
        raise BadRequest(f"{tus.DEFER_LENGTH} is not supported; send {tus.LENGTH}")
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
    """Return the announced hash of the body: the standard header takes precedence over that of tus."""
    try:
        announced = digests.from_header(headers.get(digests.CONTENT_DIGEST))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    if announced is not None:
        return Checksum("sha256", bytes.fromhex(announced))
    text = headers.get(tus.CHECKSUM)
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != _DIGEST_BYTES.get(algorithm):
        raise BadRequest(f"{tus.CHECKSUM} is one of {tus.CHECKSUM_ALGORITHMS}, a space and base64, not {text!r}")
    return Checksum(algorithm, digest)
