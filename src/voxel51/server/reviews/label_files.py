"""Label files of reviews: read the labels of a version, apply edits to them, and store the result."""

import gc
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

from voxel51.labels.errors import InvalidLabels
from voxel51.labels.review import PROVENANCE, apply_edits, numbered
from voxel51.labels.video_base import VideoLabelsBase
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, Unavailable
from voxel51.server.storage.integrity import intact_size_bytes
from voxel51.server.storage.storage import Storage
from voxel51.wire.reviews import MAX_REVIEW_BYTES, Edit

FOLDER = "reviews"
"""Folder of the storage with the labels of reviews."""

_WAIT_SECONDS = 30.0
"""Time for which a request waits for others that read labels."""


@dataclass(frozen=True, slots=True)
class StoredLabels:
    """Labels that were stored for a new version. Without a record of the version, the sweeper deletes the file."""

    key: str
    sha256: str
    size_bytes: int
    accepted: int
    undecided: int
    changes: Mapping[str, int]


class LabelFiles:
    """Reads and writes the labels of versions. Labels take much memory, so it works on one file at a time."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._working = threading.Lock()

    def original(self, output: Download) -> bytes:
        """Return version 0 of the labels: the output of a job, with a number for each track.

        Raises:
            BadRequest: the output cannot be reviewed; the text says why.
            Lost: its file is missing or damaged.
            Unavailable: too many labels are being read at present.
        """
        with self._alone():
            return _encoded(numbered(self._read(output)))

    def apply(self, base: Download, edits: Sequence[Edit], provenance: Mapping[str, object]) -> StoredLabels:
        """Apply edits to the labels in the file ``base``, and store the result with ``provenance`` added.

        Raises:
            BadRequest: the labels cannot be reviewed, or an edit cannot be applied; the text says why.
            Lost: the file is missing or damaged.
            Unavailable: too many labels are being read at present.
            OutOfSpace: the storage is full.
        """
        with self._alone():
            labels = self._read(base)
            try:
                result = apply_edits(labels, edits)
            except ValueError as error:
                raise BadRequest(f"The edits cannot be applied: {error}") from None
            known = labels.provenance if isinstance(labels.provenance, dict) else {}
            content = _encoded(replace(result.labels, provenance={**known, PROVENANCE: dict(provenance)}))
        writer = self._storage.writer(f"{FOLDER}/{uuid4()}", len(content))
        try:
            writer.write(content)
            writer.commit()
        finally:
            writer.abort()
        return StoredLabels(writer.key, writer.sha256, len(content), result.accepted, result.undecided, result.changes)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._working.acquire(timeout=_WAIT_SECONDS):
            raise Unavailable("Too many labels are being read for reviews at present. Try again in a moment.")
        # Half the time for large labels was that of the cyclic collector, which visits the million records again and
        # again and finds nothing: labels have no cycles. Other threads go without it for these seconds.
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if was_enabled:
                gc.enable()
            self._working.release()

    def _read(self, file: Download) -> VideoLabelsBase:
        size_bytes = intact_size_bytes(file, self._storage)
        if size_bytes > MAX_REVIEW_BYTES:
            limit = f"labels of at most {MAX_REVIEW_BYTES} bytes can be reviewed"
            raise BadRequest(
                f"'{file.filename}' has {size_bytes} bytes; {limit}. Run the analytic on a part of the video."
            )
        try:
            document = json.loads(b"".join(self._storage.read(file.key)))
            return VideoLabelsBase.from_json(document)
        except (InvalidLabels, ValueError, RecursionError) as error:
            raise BadRequest(f"'{file.filename}' cannot be read as labels of a video: {error!s:.500}") from None


def _encoded(labels: VideoLabelsBase) -> bytes:
    try:
        return json.dumps(labels.to_json(), allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The labels cannot be written as JSON: {error!s:.200}") from None
