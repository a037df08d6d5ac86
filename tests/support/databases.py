"""Databases for tests: empty ones, copied from one that is migrated once per process, and ones with owners.

A migration takes 0.1 s and more.
"""

import functools
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert

from voxel51.server.accounts.tables import users
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.database import Database, sqlite_url


def migrated_sqlite(file: Path) -> str:
    """Write an empty database with the platform's tables to ``file``; return its URL."""
    file.write_bytes(_template())
    return sqlite_url(file)


@contextmanager
def database_with(url: str, owners: Iterable[str], created_at: datetime) -> Iterator[Database]:
    """Yield a migrated database at ``url`` with users, whose ids are their names, and the analytic ``analytic``."""
    database = Database(url)
    database.migrate()
    with database.write() as connection:
        connection.execute(insert(users), [{"id": name, "name": name, "created_at": created_at} for name in owners])
        connection.execute(
            insert(analytics).values(
                id="analytic", owner="platform", name="voxel51/count", version="1", version_order="1", latest=True,
                scope="public", analytic_type="PLATFORM", supports_cpu=True, supports_gpu=False, pending=False,
                upload_date=created_at, description="", document={},
            )
        )  # fmt: skip
    yield database
    database.close()


@functools.cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "template.sqlite"
        database = Database(sqlite_url(file))
        database.migrate()
        database.close()  # the last connection moves the write-ahead log into the file
        return file.read_bytes()
