"""Quotas: how many bytes each user may store and how many of their jobs may run at the same time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, literal, select

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import Principal
from voxel51.server.accounts.callers import Caller
from voxel51.server.accounts.tables import quotas, users
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest
from voxel51.wire.accounts import Quota, QuotaChange

_MAX_AMOUNT = 2**62


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quota of every user: their own, else that of their application, else the ``default``.

    0 means no limit. Null in the table means that the next of these three applies.
    """

    database: Database
    default: Quota

    def of(self, connection: Connection, user_ids: Sequence[str]) -> Mapping[str, Quota]:
        """Return the quota of each of these users."""
        default = self.default
        # Most platforms grant no quotas, and this runs at every upload and every dispatch.
        if connection.execute(select(literal(1)).select_from(quotas).limit(1)).first() is None:
            return dict.fromkeys(user_ids, default)
        own, shared = quotas.alias("own"), quotas.alias("shared")
        statement = (
            select(
                users.c.id,
                func.coalesce(own.c.bytes, shared.c.bytes, default["bytes"]),
                func.coalesce(own.c.running_jobs, shared.c.running_jobs, default["running_jobs"]),
            )
            .outerjoin(own, own.c.holder == "user:" + users.c.id)
            .outerjoin(shared, shared.c.holder == "application:" + users.c.application_id)
            .where(users.c.id.in_(user_ids))
        )
        return {row[0]: {"bytes": row[1], "running_jobs": row[2]} for row in connection.execute(statement)}

    def grant(self, actor: Principal, holder: Caller, granted: QuotaChange) -> None:
        """Set the quota of a user, or of each user of an application. Omitted amounts return to the default.

        Raises:
            BadRequest: an amount is negative or too large.
        """
        row = {"bytes": granted.get("bytes"), "running_jobs": granted.get("running_jobs")}
        for name, amount in row.items():
            if amount is not None and not 0 <= amount <= _MAX_AMOUNT:
                raise BadRequest(f"{name} is 0 (no limit) to {_MAX_AMOUNT}, not {amount}")
        with self.database.write() as connection:
            connection.execute(delete(quotas).where(quotas.c.holder == holder.identity))
            connection.execute(insert(quotas).values(holder=holder.identity, **row))
            audit.record(connection, actor, "quota granted", holder, **row)

    def most_running(self, connection: Connection, user_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how many jobs of each user may run at the same time; users without a limit are left out."""
        if not user_ids:
            return {}
        found = self.of(connection, user_ids)
        return {user_id: quota["running_jobs"] for user_id, quota in found.items() if quota["running_jobs"]}
