"""Contents: the bytes that several records of one owner may share, found by their hash."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from voxel51.server.data.tables import data
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest
from voxel51.server.parameters import FormField

_REUSE = {"true": True, "false": False, "": False}
REUSE_FIELD = FormField(
    "true: if you have the same bytes already, return their record (with status 200) instead of a new one",
    schema={"enum": ["true", "false"]},
)


def read_reuse(text: str | None) -> bool:
    """Return whether an upload asks to reuse a record of the same bytes.

    Raises:
        BadRequest: the text is neither true nor false.
    """
    try:
        return _REUSE[(text or "").lower()]
    except KeyError:
        raise BadRequest(f"reuse must be true or false, not {text!r:.100}") from None


@dataclass(frozen=True, slots=True)
class StoredContent:
    """The bytes of a file, as far as they identify it. ``sha256`` in hexadecimal."""

    size_bytes: int
    sha256: str


def lock_contents(connection: Connection, rows: Iterable[DatabaseRow]) -> None:
    """Keep other transactions from adding or deleting the same bytes of the same owners until this one ends."""
    acquire_advisory_locks(connection, *(f"bytes {row.owner_id} {row.sha256}" for row in rows))


def rows_with_content(
    connection: Connection, owner_id: str, content: StoredContent, *, lock: bool = False
) -> Sequence[DatabaseRow]:
    """Return the owner's rows with these bytes; with ``lock``, locked against deletion as `lock_contents` does."""
    if lock:
        acquire_advisory_locks(connection, f"bytes {owner_id} {content.sha256}")
    same = (data.c.owner_id == owner_id, data.c.sha256 == content.sha256, data.c.size_bytes == content.size_bytes)
    return connection.execute(select(data).where(*same).order_by(data.c.upload_date.desc(), data.c.id)).all()


def best_match(rows: Sequence[DatabaseRow], name: str | None) -> DatabaseRow:
    """Return the row to reuse for a file called ``name``: one with this name, else the newest."""
    return next((row for row in rows if row.name == name), rows[0])
