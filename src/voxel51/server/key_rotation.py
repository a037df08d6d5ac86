"""Rotation of the secret key: replace it, and encrypt every stored secret again with the new one.

Signed links lapse, because the old key signed them. Tokens, sessions and passwords stay valid: they are hashed without
the key. The platform must not run meanwhile.

The steps can be repeated after a crash at any point: the new key is written beside the old one (`begin_rotation`),
secrets are encrypted again in one transaction, and then the new key takes the place of the old one
(`finish_rotation`). In between, the platform does not start, and a secret may be encrypted with either key.
"""

from sqlalchemy import Column, Connection, select, update

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.data.tables import data
from voxel51.server.data_folder import FolderLock
from voxel51.server.database.opening import open_database
from voxel51.server.encryption import Cipher, DecryptionError, begin_rotation, finish_rotation
from voxel51.server.secrets.tables import secrets
from voxel51.server.settings import Settings
from voxel51.server.webhooks.tables import webhooks

_ENCRYPTED: tuple[tuple[str, Column[str | None]], ...] = (
    ("secrets", secrets.c.value),
    ("sources", data.c.source_url),
    ("webhooks", webhooks.c.url),
    ("webhooks", webhooks.c.secret),
    ("webhooks", webhooks.c.previous_secret),
)
"""Every encrypted column that outlives a request, with the purpose of its `Cipher`."""


def rotate_secret_key(settings: Settings) -> int:
    """Replace the platform's secret key; return the number of secrets that were encrypted again.

    Raises:
        FolderInUse: the platform is running.
        RuntimeError: the database cannot be opened.
    """
    lock = FolderLock(settings.folder)
    lock.acquire()
    try:
        old, new = begin_rotation(settings.secret_key_path)
        database = open_database(settings)
        try:
            with database.write() as connection:
                count = sum(_encrypt_again(connection, column, purpose, old, new) for purpose, column in _ENCRYPTED)
                audit.record(connection, COMMAND_LINE, "signing key replaced", COMMAND_LINE, secrets=count)
        finally:
            database.close()
        finish_rotation(settings.secret_key_path)
        return count
    finally:
        lock.release()


def _encrypt_again(connection: Connection, column: Column[str | None], purpose: str, old: bytes, new: bytes) -> int:
    table, past, present = column.table, Cipher(old, purpose), Cipher(new, purpose)
    rows = connection.execute(select(table.c.id, column).where(column.is_not(None))).all()
    count = 0
    for identifier, encrypted in rows:
        try:
            text = past.decrypt(encrypted)
        except DecryptionError:  # already encrypted again before a crash, or unreadable with any key
            continue
        values = {column.name: present.encrypt(text)}
        connection.execute(update(table).where(table.c.id == identifier).values(values))
        count += 1
    return count
