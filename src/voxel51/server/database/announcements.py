"""Announcements: name, within a transaction, what other processes should look at once it is committed."""

from sqlalchemy import Connection

_KEY = "voxel51 announced"


def new_announcements(connection: Connection) -> set[str]:
    """Return the topics that the transaction which has just begun will announce: none yet."""
    announced: set[str] = set()
    if connection.dialect.name == "postgresql":  # on SQLite no other process runs
        connection.info[_KEY] = announced
    return announced


def announce(connection: Connection, topic: str) -> None:
    """Announce a topic of `voxel51.server.database.signals` if the present transaction is committed."""
    if connection.dialect.name == "postgresql":
        connection.info.setdefault(_KEY, set()).add(topic)
