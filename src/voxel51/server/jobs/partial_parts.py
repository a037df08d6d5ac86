"""Parts of partial results: store those that attempts send, and read those after a number.

A part is stored as it arrives: JSON, gzipped.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from voxel51.server.errors import BadRequest, Conflict, TooLarge
from voxel51.server.jobs.attempt_records import AttemptRecord
from voxel51.server.jobs.split_tables import job_parts
from voxel51.server.jobs.tables import jobs, partial_parts
from voxel51.wire.partial import MAX_PART_BYTES

PART_NUMBER = {"type": "integer", "minimum": 1, "maximum": 10_001}
"""Schema of the number of a part. One above `MAX_PARTS` is possible, for the message that there are too many."""

MAX_PARTS = 10_000
"""Number of parts of one job. An attempt of the SDK sends one per second at most, and fewer after a minute."""

_GZIP = 31
_BATCH_SIZE = 20


@dataclass(frozen=True, slots=True)
class PartialLimits:
    """Limits of the bytes that partial results may use, of one job and of all jobs of one owner."""

    job_bytes: int
    owner_bytes: int


@dataclass(frozen=True, slots=True)
class StoredPart:
    """Part as it was stored. ``content`` is JSON, gzipped."""

    number: int
    attempt_id: str
    content: bytes


def labels_in(content: bytes) -> bytes:
    """Return the JSON in the gzipped ``content`` of a part.

    Raises:
        BadRequest: it is not gzipped, or not a JSON object.
        TooLarge: it has more than `MAX_PART_BYTES`.
    """
    decompressor = zlib.decompressobj(_GZIP)
    try:
        text = decompressor.decompress(content, MAX_PART_BYTES + 1)
    except zlib.error as error:
        raise BadRequest(f"The part is not gzipped: {error}") from None
    if len(text) > MAX_PART_BYTES:
        raise TooLarge(f"A part has at most {MAX_PART_BYTES} bytes before compression. Send several parts.")
    if not decompressor.eof:
        raise BadRequest("The part is not complete: the gzipped content breaks off")
    try:
        msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The part is not a JSON object: {error}") from None
    return text


def add_part(
    connection: Connection, attempt: AttemptRecord, number: int, content: bytes, limits: PartialLimits
) -> bool:
    """Store the part ``number`` of a job; return False if it is stored already, because the attempt sent it again.

    Raises:
        Conflict: an earlier part is missing.
        TooLarge: the job or its owner has used up the space for partial results.
    """
    last = last_number(connection, attempt.job_id)
    if number <= last:
        return False
    if number > last + 1:
        raise Conflict(f"Part {number} cannot be added: the last one was {last}, so the next one is {last + 1}")
    _check_space(connection, attempt, number, len(content), limits)
    row = {"job_id": attempt.job_id, "number": number, "attempt_id": attempt.id, "owner_id": attempt.owner_id}
    connection.execute(insert(partial_parts).values(**row, size_bytes=len(content), content=content))
    return True


def last_number(connection: Connection, job_id: str) -> int:
    """Return the number of the last part of a job; 0 if it has none."""
    statement = select(func.max(partial_parts.c.number)).where(partial_parts.c.job_id == job_id)
    return connection.execute(statement).scalar() or 0


def _check_space(
    connection: Connection, attempt: AttemptRecord, number: int, size_bytes: int, limits: PartialLimits
) -> None:
    of_owner = partial_parts.c.owner_id == attempt.owner_id
    of_job = of_owner & (partial_parts.c.job_id == attempt.job_id)
    for condition, most, whose in ((of_job, limits.job_bytes, "job"), (of_owner, limits.owner_bytes, "owner")):
        if _bytes_of(connection, condition) + size_bytes > most:
            raise TooLarge(f"The {whose} has used up the {most} bytes for partial results")
    if number > MAX_PARTS:
        raise TooLarge(f"The job has {MAX_PARTS} parts already, which is the limit")


def _bytes_of(connection: Connection, condition: ColumnElement[bool]) -> int:
    statement = select(func.coalesce(func.sum(partial_parts.c.size_bytes), 0)).where(condition)
    return int(connection.execute(statement).scalar_one())


def part_of(connection: Connection, job_id: str, number: int) -> bytes | None:
    """Return the content of a part as it was sent; None if the job has no such part."""
    part = partial_parts.c
    statement = select(part.content).where(part.job_id == job_id, part.number == number)
    content: bytes | None = connection.execute(statement).scalar()
    return content


def has_part(connection: Connection, job_id: str, number: int, attempt_id: str) -> bool:
    """Return whether the part ``number`` of a job is there and was sent by this attempt."""
    part = partial_parts.c
    chosen = (part.job_id == job_id) & (part.number == number) & (part.attempt_id == attempt_id)
    return connection.execute(select(part.number).where(chosen)).first() is not None


def parts_after(connection: Connection, job_id: str, number: int) -> Iterator[StoredPart]:
    """Yield the parts of a job with a higher number, in order."""
    part = partial_parts.c
    columns = select(part.number, part.attempt_id, part.content).where(part.job_id == job_id)
    while True:
        following = columns.where(part.number > number).order_by(part.number).limit(_BATCH_SIZE)
        rows = connection.execute(following).all()
        for row in rows:
            yield StoredPart(*row)
        if len(rows) < _BATCH_SIZE:
            return
        number = rows[-1].number


def delete_unneeded(connection: Connection, most_jobs: int) -> int:
    """Delete the parts of jobs that are complete or have expired, of at most ``most_jobs``; return how many parts.

    Those of the parts of a split job are kept as long as these, because the job may need them.
    """
    of_split = select(job_parts.c.job_id).where(job_parts.c.job_id == jobs.c.id).exists()
    is_over = ((jobs.c.state == "COMPLETE") & ~of_split) | jobs.c.expired.is_(True)
    joined = select(partial_parts.c.job_id).join(jobs, jobs.c.id == partial_parts.c.job_id).where(is_over)
    job_ids = connection.execute(joined.distinct().limit(most_jobs)).scalars().all()
    if not job_ids:
        return 0
    return connection.execute(delete(partial_parts).where(partial_parts.c.job_id.in_(job_ids))).rowcount
