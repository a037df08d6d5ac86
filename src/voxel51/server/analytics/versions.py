"""Versions of an analytic: their order, and which one is the latest."""

import re

from sqlalchemy import Connection, func, select, update

from voxel51.server.analytics.tables import AnalyticRow, analytics


def version_order(version: str) -> str:
    """Return a text that sorts as versions do: number by number, ``0.10`` after ``0.9``."""
    return ".".join(part.zfill(12) if part.isdigit() else part for part in re.split(r"[.+-]", version))[:255]


def mark_latest(connection: Connection, owner: str, name: str) -> None:
    """Mark the latest version: the one that the owner prefers, else the highest version that can run."""
    of_name = (analytics.c.owner == owner) & (analytics.c.name == name)
    newest = (
        select(analytics.c.id)
        .where(of_name, analytics.c.pending.is_(False))
        .order_by(analytics.c.preferred.desc(), analytics.c.version_order.desc(), analytics.c.upload_date.desc())
        .limit(1)
    )
    newest_id = connection.execute(newest).scalar()
    connection.execute(update(analytics).where(of_name).values(latest=analytics.c.id == (newest_id or "")))


def prefer(connection: Connection, row: AnalyticRow) -> None:
    """Make a version the latest, until a version that is higher than all others can run."""
    of_name = (analytics.c.owner == row.owner) & (analytics.c.name == row.name)
    connection.execute(update(analytics).where(of_name).values(preferred=analytics.c.id == row.id))
    mark_latest(connection, row.owner, row.name)


def make_available(connection: Connection, row: AnalyticRow) -> None:
    """Let jobs run a version. If it is higher than all others, it is the latest, whichever the owner preferred."""
    of_name = (analytics.c.owner == row.owner) & (analytics.c.name == row.name)
    others = select(func.max(analytics.c.version_order)).where(of_name, analytics.c.pending.is_(False))
    highest = connection.execute(others).scalar()
    if highest is None or row.version_order > highest:
        connection.execute(update(analytics).where(of_name).values(preferred=False))
    connection.execute(update(analytics).where(analytics.c.id == row.id).values(pending=False))
    mark_latest(connection, row.owner, row.name)
