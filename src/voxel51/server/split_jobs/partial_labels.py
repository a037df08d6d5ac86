"""Partial labels of split jobs: copy what the parts have sent into the partial results of their job.

The copies are in the order in which they were made, which readers follow by a cursor. When a part is run again and
sends labels again, all copies are replaced, under another id in place of the attempt, so that readers begin again.
Labels of frames that a part reads besides its own are left out: they are those of another part. Every part numbers its
tracks from 1, so they get other numbers: until the merge, tracks of different parts are different tracks.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.events import outbox
from voxel51.server.jobs.partial_parts import MAX_PARTS, last_number, parts_after
from voxel51.server.jobs.split_tables import SplitPhase, job_parts
from voxel51.server.jobs.tables import partial_parts
from voxel51.server.split_jobs.records import SplitJob, load, set_split
from voxel51.wire.events import EventName

_sent = partial_parts.c
_GZIP = 31
_MOST_DIGITS = 19


class PartialLabelsCopier:
    """Copies partial labels. Those of one job have at most ``most_bytes``; what exceeds them is left out."""

    def __init__(self, database: Database, most_bytes: int) -> None:
        self._database = database
        self._most_bytes = most_bytes

    def copy(self, split: SplitJob) -> None:
        """Copy what the parts of a job have sent since the last call. Without anything new, nothing is written."""
        with self._database.read() as connection:
            if not _has_changed(connection, split):
                return
        # A copy that a crash of the database undoes is made again.
        with self._database.write(durable=False) as connection:
            current = load(connection, split.job.id, lock=True)
            if current is None or current.job.phase != SplitPhase.PARTS or current.is_ended:
                return
            if any(_is_taken_back(connection, part) for part in current.parts) or current.job.labels_id is None:
                current = _begin_again(connection, split.job.id) or current
            if self._copy(connection, current):
                outbox.record(connection, EventName.PARTIAL, [(split.job.id, split.job.owner_id)], {})

    def delete(self, connection: Connection, part_ids: Sequence[str]) -> None:
        """Delete what these parts have sent: the job is complete, so that its output replaces it."""
        connection.execute(delete(partial_parts).where(_sent.job_id.in_(part_ids)))

    def _copy(self, connection: Connection, split: SplitJob) -> bool:
        job, number = split.job, last_number(connection, split.job.id)
        of_job = select(func.coalesce(func.sum(_sent.size_bytes), 0)).where(_sent.job_id == job.id)
        left = self._most_bytes - int(connection.execute(of_job).scalar_one())
        before = number
        for part in split.parts:
            copied, attempt_id = part.copied, part.copied_attempt_id
            for sent in parts_after(connection, part.job_id, part.copied) if part.job_id else ():
                content = _own_labels(part, len(split.parts), sent.content)
                left -= len(content)
                if left < 0 or number >= MAX_PARTS:
                    break
                number += 1
                row = {"job_id": job.id, "number": number, "attempt_id": job.labels_id, "owner_id": job.owner_id}
                connection.execute(insert(partial_parts).values(**row, size_bytes=len(content), content=content))
                copied, attempt_id = sent.number, sent.attempt_id
            if copied > part.copied:
                is_part = (job_parts.c.parent_id == job.id) & (job_parts.c.number == part.number)
                noted = {"copied": copied, "copied_attempt_id": attempt_id}
                connection.execute(update(job_parts).where(is_part).values(**noted))
        return number > before


def _own_labels(part: DatabaseRow, count: int, content: bytes) -> bytes:
    """Return labels that one of ``count`` parts has sent, gzipped JSON: of its own frames, with its own tracks."""
    labels = msgspec.json.decode(zlib.decompress(content, _GZIP), type=dict[str, object])
    frames = labels.get("frames")
    if not isinstance(frames, dict):  # an analytic may send any object
        return content
    own = {number: frame for number, frame in frames.items() if _is_own(part, number)}
    is_changed = [_renumber(found, part.number, count) for found in _found_in(own.values())]
    if len(own) == len(frames) and not any(is_changed):
        return content
    return gzip.compress(msgspec.json.encode({**labels, "frames": own}), compresslevel=1, mtime=0)


def _found_in(frames: Iterable[object]) -> Iterator[object]:
    """Yield the objects and events of frames."""
    for frame in frames:
        for kind in ("objects", "events"):
            held = frame.get(kind) if isinstance(frame, dict) else None
            listed = held.get(kind) if isinstance(held, dict) else None
            yield from listed if isinstance(listed, list) else ()


def _renumber(found: object, part: int, count: int) -> bool:
    """Give an object or event the number of its track among those of all parts; return whether it is on a track."""
    index = found.get("index") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(index, int) or isinstance(index, bool):
        return False
    found["index"] = (index - 1) * count + part
    return True


def _is_own(part: DatabaseRow, number: str) -> bool:
    is_number = number.isascii() and number.isdigit() and len(number) < _MOST_DIGITS
    return bool(is_number and part.first_frame <= int(number) <= part.last_frame)


def _has_changed(connection: Connection, split: SplitJob) -> bool:
    part_ids = [part.job_id for part in split.parts if part.job_id is not None]
    newest = select(_sent.job_id, func.max(_sent.number)).where(_sent.job_id.in_(part_ids)).group_by(_sent.job_id)
    numbers = {row[0]: row[1] for row in connection.execute(newest)}
    if any(numbers.get(part.job_id, 0) > part.copied for part in split.parts):
        return True
    return any(_is_taken_back(connection, part) for part in split.parts)


def _is_taken_back(connection: Connection, part: DatabaseRow) -> bool:
    """Return whether the last copy of a part is of labels that were discarded, because their attempt was lost."""
    if not part.copied or part.job_id is None:
        return False
    is_last = (_sent.job_id == part.job_id) & (_sent.number == part.copied)
    sender = connection.execute(select(_sent.attempt_id).where(is_last)).scalar()
    return bool(sender != part.copied_attempt_id)


def _begin_again(connection: Connection, job_id: str) -> SplitJob | None:
    """Delete all copies; return the job as it is then."""
    connection.execute(delete(partial_parts).where(_sent.job_id == job_id))
    of_job = job_parts.c.parent_id == job_id
    connection.execute(update(job_parts).where(of_job).values(copied=0, copied_attempt_id=None))
    set_split(connection, job_id, labels_id=str(uuid4()))
    return load(connection, job_id)
