"""Calls about resumable uploads (the protocol tus 1.0.0)."""

from dataclasses import dataclass, replace

from voxel51.transport.messages import BufferedResponse, StreamedBody
from voxel51.users.calls.call import (
    Call,
    body_is_not_enough,
    delete_path,
    document,
    entry,
    get,
    path_segment,
)
from voxel51.wire import digests, direct
from voxel51.wire import uploads as tus
from voxel51.wire.data import DataRecord
from voxel51.wire.direct import UploadParts

_VERSION = {tus.RESUMABLE: tus.VERSION}


@dataclass(frozen=True, slots=True)
class UploadOffset:
    """State of an upload: how many bytes the platform has received.

    Attributes:
        upload_id: the id of the upload.
        offset_bytes: the number of bytes received.
        data_id: the id of the data; None until the upload is complete.
        sha256: the hash of the received bytes, in hexadecimal; None until the upload is complete.
        part_bytes: the size of the parts, if they are sent straight to the store; otherwise None.
    """

    upload_id: str
    offset_bytes: int
    data_id: str | None
    sha256: str | None
    part_bytes: int | None = None


def create(size_bytes: int, metadata: dict[str, str], *, may_be_direct: bool = False) -> Call[UploadOffset]:
    """Create an upload, which the platform may direct to the store. A retry may create a second one, which expires."""
    headers = {tus.LENGTH: str(size_bytes), tus.METADATA: tus.metadata_to_header(metadata)}
    if may_be_direct:
        headers[direct.HEADER] = direct.ANNOUNCED

    def read(response: BufferedResponse) -> UploadOffset:
        return _offset(response, response.headers["location"].rpartition("/")[2])

    return Call(
        "POST", "data/uploads", body_is_not_enough, headers=_VERSION | headers, repeatable=True, read_response=read
    )


def offset(upload_id: str) -> Call[UploadOffset]:
    """Get the offset of an upload."""

    def read(response: BufferedResponse) -> UploadOffset:
        return _offset(response, upload_id)

    return Call("HEAD", _path(upload_id), body_is_not_enough, headers=_VERSION, repeatable=True, read_response=read)


def append(upload_id: str, offset_bytes: int, body: StreamedBody) -> Call[UploadOffset]:
    """Send the bytes from ``offset_bytes``. After a broken connection, get the offset before sending more."""

    def read(response: BufferedResponse) -> UploadOffset:
        return _offset(response, upload_id)

    headers = {tus.OFFSET: str(offset_bytes), "Content-Type": tus.CONTENT_TYPE}
    return Call("PATCH", _path(upload_id), body_is_not_enough, body, _VERSION | headers, read_response=read)


def parts(upload_id: str, links: int) -> Call[UploadParts]:
    """Get the number of missing parts of a direct upload, and links for the first ones."""
    return get(f"{_path(upload_id)}/parts?links={links}", document)


def complete(upload_id: str) -> Call[DataRecord]:
    """Complete a direct upload, and get the record of the data."""
    return Call("POST", f"{_path(upload_id)}/complete", entry("data"))


def delete(upload_id: str) -> Call[None]:
    """Cancel an upload."""
    return replace(delete_path(_path(upload_id)), headers=_VERSION)


def _path(upload_id: str) -> str:
    return f"data/uploads/{path_segment(upload_id)}"


def _offset(response: BufferedResponse, upload_id: str) -> UploadOffset:
    headers = response.headers
    sha256 = digests.from_header(headers.get("repr-digest"))
    part_bytes = headers.get(direct.PART_BYTES.lower())
    return UploadOffset(
        upload_id,
        int(headers[tus.OFFSET.lower()]),
        headers.get(tus.DATA_ID.lower()),
        sha256,
        None if part_bytes is None else int(part_bytes),
    )
