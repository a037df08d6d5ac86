"""Ownership of analytics: only their owners change them."""

from sqlalchemy import Connection

from voxel51.server.accounts.callers import Caller
from voxel51.server.analytics.service import find_visible
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.errors import Forbidden


def find_own(connection: Connection, owner: Caller, analytic_id: str, *, lock: bool = False) -> AnalyticRow:
    """Return the row of a version that the caller owns; lock it against other transactions if ``lock``.

    Raises:
        NotFound: the analytic does not exist, or the owner cannot see it.
        Forbidden: it belongs to another owner.
    """
    row = find_visible(connection, owner, analytic_id, lock=lock)
    if row.owner != owner.identity:
        raise Forbidden(f"Analytic '{analytic_id}' ({row.name}) belongs to another owner; you cannot change it")
    return row
