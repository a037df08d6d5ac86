"""Calls of uploads in pieces (tus 1.0.0)."""

from dataclasses import dataclass
from typing import Any

from voxel51.transport.messages import BufferedResponse, StreamedBody
from voxel51.users.calls.call import Call, nothing, part_of_path
from voxel51.wire import digests
from voxel51.wire import uploads as tus

_IN_HEADERS: Any = nothing
_VERSION = {tus.RESUMABLE: tus.VERSION}


@dataclass(frozen=True, slots=True)
class UploadOffset:
    """Where an upload stands. ``data_id`` once it is finished, ``sha256`` (hexadecimal) then as well."""

    upload_id: str
    offset_bytes: int
    data_id: str | None
    sha256: str | None


def begin(size_bytes: int, metadata: dict[str, str]) -> Call[UploadOffset]:
    """Begin one. A repetition may begin another, which nobody goes on with, and which expires."""
    told = {tus.LENGTH: str(size_bytes), tus.METADATA: tus.metadata_to_header(metadata)}

    def read(answer: BufferedResponse) -> UploadOffset:
        return _standing(answer, answer.headers["location"].rpartition("/")[2])

    return Call("POST", "data/uploads", _IN_HEADERS, headers=_VERSION | told, repeatable=True, read_answer=read)


def look(upload_id: str) -> Call[UploadOffset]:
    """Where one stands."""

    def read(answer: BufferedResponse) -> UploadOffset:
        return _standing(answer, upload_id)

    return Call("HEAD", _path(upload_id), _IN_HEADERS, headers=_VERSION, repeatable=True, read_answer=read)


def go_on(upload_id: str, offset_bytes: int, body: StreamedBody) -> Call[UploadOffset]:
    """Send the bytes from ``offset_bytes``. What came before a connection broke is kept: look before the next."""

    def read(answer: BufferedResponse) -> UploadOffset:
        return _standing(answer, upload_id)

    told = {tus.OFFSET: str(offset_bytes), "Content-Type": tus.CONTENT_TYPE}
    return Call("PATCH", _path(upload_id), _IN_HEADERS, body, _VERSION | told, read_answer=read)


def _path(upload_id: str) -> str:
    return f"data/uploads/{part_of_path(upload_id)}"


def _standing(answer: BufferedResponse, upload_id: str) -> UploadOffset:
    headers = answer.headers
    sha256 = digests.from_header(headers.get("repr-digest"))
    return UploadOffset(upload_id, int(headers[tus.OFFSET.lower()]), headers.get(tus.DATA_ID.lower()), sha256)
