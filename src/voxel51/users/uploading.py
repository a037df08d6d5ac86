"""Uploads: send small files in one request, and large files in resumable parts (the protocol tus 1.0.0)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import cast

from voxel51.transport.errors import APIError, ConnectionFailed, Damaged
from voxel51.transport.messages import StreamedBody
from voxel51.transport.multipart import UploadProgress, type_of
from voxel51.users import direct_uploading
from voxel51.users.calls import data, uploads
from voxel51.users.calls.call import date_text
from voxel51.users.calls.uploads import UploadOffset
from voxel51.users.direct_uploading import StoreOutOfReach
from voxel51.users.flows import Flow, Identify, Pause, Work, fetch
from voxel51.users.progress import progress_reporter
from voxel51.users.sources import Source, Uploadable, chunks_with_progress, is_single, source_of
from voxel51.users.upload_records import UploadRecord
from voxel51.wire.backoff import Backoff
from voxel51.wire.data import DataRecord
from voxel51.wire.query import DATA_FIELDS

LARGE_BYTES = 16 * 1024 * 1024
"""The size from which a file is sent in parts: sending a smaller file again costs less than three more requests."""

PART_BYTES = 256 * 1024 * 1024
"""The size of one request. The platform keeps the received bytes of an interrupted request, so a part is not the unit
of loss."""

_STATUSES_WITHOUT_RESUMABLE_UPLOADS = {404, 405, 501}
_STATUSES_WITHOUT_REUSE = {404, 405}
"""No record of these bytes, or a platform that finds none by their hash."""

_RETRIED_STATUSES = {409, 423, 429, 460, 502, 503, 504}
_MAX_FAILURES = 12
_BACKOFF = Backoff(first_seconds=0.1, longest_seconds=5.0, jitter=0.5)


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """Options of an upload.

    Attributes:
        ttl: the expiration date; None is the platform's default.
        progress: True shows a progress bar; a function is called as ``progress(bytes_sent, total)``.
        verify: whether to compare the hashes of both sides; None compares them if the upload was interrupted.
        reuse: whether to return the record of the same bytes, if there is one, instead of uploading them again.
    """

    ttl: date | str | None = None
    progress: bool | UploadProgress | None = None
    verify: bool | None = None
    reuse: bool = False


def upload_sources(
    files: Uploadable | Iterable[Uploadable], options: UploadOptions
) -> Flow[DataRecord | list[DataRecord]]:
    """Upload one file and return its record, or several one after another and return their records in order."""
    if is_single(files):
        return (yield from upload(source_of(files), options))
    records: list[DataRecord] = []
    for file in cast("Iterable[Uploadable]", files):
        records.append((yield from upload(source_of(file), options)))  # noqa: PERF401  (a comprehension cannot yield)
    return records


def upload(source: Source, options: UploadOptions) -> Flow[DataRecord]:
    """Upload ``source`` and return its record.

    Raises:
        Damaged: the uploaded bytes differ from the file; the upload was deleted.
    """
    report = progress_reporter(options.progress, source.name)
    try:
        if options.reuse and (record := (yield from _present(source, options))) is not None:
            return record
        if source.size_bytes < LARGE_BYTES:
            return (yield from _upload_in_one_request(source, options, report))
        caller = yield Identify()
        return (yield from _ResumableUpload(source, options, report, caller).run())
    finally:
        source.close()


def _present(source: Source, options: UploadOptions) -> Flow[DataRecord | None]:
    """Return a record of the same bytes; None if the platform has none, or cannot be asked."""
    sha256 = yield Work(source.sha256)
    try:
        return (yield from fetch(data.find(sha256, source.size_bytes, source.name, options.ttl)))
    except APIError as error:
        if error.code not in _STATUSES_WITHOUT_REUSE:
            raise
        return None


def _upload_in_one_request(source: Source, options: UploadOptions, report: UploadProgress | None) -> Flow[DataRecord]:
    record, sha256 = yield from fetch(data.upload(source.part(report), options.ttl))
    if options.verify and sha256 is not None:
        yield from _verify(source, record["id"], sha256)
    return record


def _computed_hash(data_id: str) -> Flow[str]:
    """Wait until the platform has computed the hash of a file that went to the store; return it."""
    failures = 0
    while True:
        sha256 = (yield from fetch(data.details(data_id)))["sha256"]
        if sha256 is not None:
            return sha256
        failures += 1
        yield Pause(_BACKOFF.seconds(failures))


def _verify(source: Source, data_id: str, uploaded_sha256: str) -> Flow[None]:
    sha256 = yield Work(source.sha256)
    if sha256 != uploaded_sha256:
        yield from fetch(data.delete(data_id))
        reason = "the file changed during the upload, or was damaged in transit"
        raise Damaged(
            f"upload of {source.name!r} failed: its SHA-256 is {sha256}, that of the uploaded bytes {uploaded_sha256}: "
            f"{reason}. Try again."
        )


class _ResumableUpload:
    """One upload in parts."""

    def __init__(self, source: Source, options: UploadOptions, report: UploadProgress | None, caller: str) -> None:
        self._source = source
        self._options = options
        self._report = report
        self._record = UploadRecord(source, caller)
        self._was_interrupted = False
        self._failures = 0
        # Parts are read at the same time, which an open file does not allow.
        self._may_be_direct = source.identity is not None

    def run(self) -> Flow[DataRecord]:
        offset = yield from self._resume_or_start()
        if offset is None:
            return (yield from _upload_in_one_request(self._source, self._options, self._report))
        if offset.part_bytes is not None:
            try:
                return (yield from self._send_to_store(offset))
            except StoreOutOfReach:
                yield from fetch(uploads.delete(offset.upload_id))
                self._record.delete()
                self._may_be_direct = False
                return (yield from self.run())
        while offset.data_id is None:
            offset = yield from self._send_part(offset)
        if self._report is not None:  # the response to the last part may have been lost: report the end here
            self._report(self._source.size_bytes, self._source.size_bytes)
        verify = self._was_interrupted if self._options.verify is None else self._options.verify
        if verify and offset.sha256 is not None:
            yield from _verify(self._source, offset.data_id, offset.sha256)
        self._record.delete()
        details = yield from fetch(data.details(offset.data_id))
        return cast("DataRecord", {key: value for key, value in details.items() if key in DATA_FIELDS})

    def _send_to_store(self, offset: UploadOffset) -> Flow[DataRecord]:
        assert offset.part_bytes is not None  # noqa: S101  (the caller has checked it)
        if offset.data_id is None:
            record = yield from direct_uploading.send(self._source, offset.upload_id, offset.part_bytes, self._report)
        else:  # the answer to the last request of an earlier run was lost
            record = yield from fetch(data.details(offset.data_id))
        if self._options.verify or (self._was_interrupted and self._options.verify is None):
            yield from _verify(self._source, record["id"], (yield from _computed_hash(record["id"])))
        self._record.delete()
        return cast("DataRecord", {key: value for key, value in record.items() if key in DATA_FIELDS})

    def _resume_or_start(self) -> Flow[UploadOffset | None]:
        """Return the offset at which to continue; None if the platform has no resumable uploads."""
        upload_id = self._record.upload_id()
        if upload_id is not None:
            try:
                offset = yield from fetch(uploads.offset(upload_id))
            except ConnectionFailed:
                raise
            except APIError:  # the upload expired, or the platform was replaced: start again
                self._record.delete()
            else:
                self._was_interrupted = True
                return offset
        return (yield from self._start())

    def _start(self) -> Flow[UploadOffset | None]:
        metadata = {"filename": self._source.name, "filetype": type_of(self._source.name)}
        if self._options.ttl is not None:
            metadata["data_ttl"] = date_text(self._options.ttl)
        try:
            offset = yield from fetch(
                uploads.create(self._source.size_bytes, metadata, may_be_direct=self._may_be_direct)
            )
        except APIError as error:
            if error.code in _STATUSES_WITHOUT_RESUMABLE_UPLOADS:
                return None
            raise
        self._record.save(offset.upload_id)
        return offset

    def _send_part(self, offset: UploadOffset) -> Flow[UploadOffset]:
        start = offset.offset_bytes
        try:
            if start == self._source.size_bytes:  # all bytes arrived, and the platform is still checking the file
                yield from self._pause()
                return (yield from fetch(uploads.offset(offset.upload_id)))
            stop = min(start + PART_BYTES, self._source.size_bytes)
            chunks = partial(chunks_with_progress, self._source, start, stop, self._report)
            body = StreamedBody(chunks, stop - start)
            new_offset = yield from fetch(uploads.append(offset.upload_id, start, body))
        except APIError as error:
            self._raise_unless_retried(error)
            self._was_interrupted = True
            yield from self._pause()
            return (yield from self._offset_after_failure(offset))
        self._failures = 0
        return new_offset

    def _offset_after_failure(self, offset: UploadOffset) -> Flow[UploadOffset]:
        """Ask the platform how much of the failed part it received: it keeps those bytes."""
        try:
            new_offset = yield from fetch(uploads.offset(offset.upload_id))
        except APIError as error:
            self._raise_unless_retried(error)
            return offset
        if new_offset.offset_bytes > offset.offset_bytes:  # progress: only failures in a row count
            self._failures = 0
        return new_offset

    def _raise_unless_retried(self, error: APIError) -> None:
        self._failures += 1
        is_temporary = isinstance(error, ConnectionFailed) or error.code in _RETRIED_STATUSES
        if not is_temporary:
            self._record.delete()
        if not is_temporary or self._failures > _MAX_FAILURES:
            raise error

    def _pause(self) -> Flow[None]:
        yield Pause(_BACKOFF.seconds(self._failures))
