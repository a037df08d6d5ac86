"""Stored files of jobs, as the records of their attempts describe them: outputs, logs and renditions."""

from collections.abc import Iterator

from sqlalchemy import select

from voxel51.server.accounts.tables import users
from voxel51.server.database.database import Database
from voxel51.server.database.pages import rows_in_order
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.storage.verification import RecordedFile


def recorded_files(database: Database) -> Iterator[RecordedFile]:
    """Yield the outputs of all attempts, then their logs."""
    for kind in ("output", "log"):
        key, size_bytes, sha256 = (attempts.c[f"{kind}_{what}"] for what in ("key", "size_bytes", "sha256"))
        described = (jobs.c.id.label("job_id"), jobs.c.internal, jobs.c.output_filename, users.c.name.label("owner"))
        stored = (
            select(key.label("key"), attempts.c.id, size_bytes.label("size"), sha256.label("sha256"), *described)
            .join(jobs, jobs.c.id == attempts.c.job_id)
            .join(users, users.c.id == jobs.c.owner_id)
            .where(key.is_not(None))
        )
        for row in rows_in_order(database, stored, (key, attempts.c.id)):
            what = f"{kind} of job {row.job_id}"
            if row.internal:  # made again when it is requested the next time
                what = (
                    f"rendition '{row.output_filename}'" if kind == "output" else f"log of a rendition ({row.job_id})"
                )
            yield RecordedFile(row.key, f"{what} of user '{row.owner}'", row.size, row.sha256)
