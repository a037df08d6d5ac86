"""Builds of bundles, as their records describe them."""

from typing import Any, TypeAlias

from sqlalchemy import Connection, func, select

from voxel51.server.analytics.tables import bundles
from voxel51.wire import dates
from voxel51.wire.bundles import Build, BuildState

BundleRow: TypeAlias = Any  # a `Row` of some columns, which SQLAlchemy does not type


def find_bundle(connection: Connection, analytic_id: str) -> BundleRow | None:
    """Return the row of a bundle; None if the analytic is not a bundle."""
    return connection.execute(select(bundles).where(bundles.c.analytic_id == analytic_id)).first()


def build_of(row: BundleRow) -> Build:
    """Return the build of a bundle for the API."""
    build: Build = {
        "state": BuildState(row.state),
        "queued_at": dates.to_text(row.queued_at),
        "started_at": row.started_at and dates.to_text(row.started_at),
        "ended_at": row.ended_at and dates.to_text(row.ended_at),
    }
    if row.error is not None:
        build["error"] = row.error
    return build


def bytes_of_bundles(connection: Connection, owner: str) -> int:
    """Return the bytes of all bundles of an owner, by the identity of the caller."""
    total = select(func.sum(bundles.c.size_bytes)).where(bundles.c.owner == owner)
    return int(connection.execute(total).scalar() or 0)
