"""How much each user may have: bytes that are kept, and jobs that run at once."""

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

_MOST = 2**62


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas of every user: their own, else those of their application, else the ``usual`` one.

    In each, 0 means that there is no limit, and null in the tables that the next one says.
    """

    database: Database
    usual: Quota

    def of(self, connection: Connection, user_ids: Sequence[str]) -> Mapping[str, Quota]:
        """The quota of each of these users."""
        if connection.execute(select(literal(1)).select_from(quotas).limit(1)).first() is None:
            return dict.fromkeys(user_ids, self.usual)
        own, shared = quotas.alias("own"), quotas.alias("shared")
        statement = (
            select(
                users.c.id,
                func.coalesce(own.c.bytes, shared.c.bytes, self.usual["bytes"]),
                func.coalesce(own.c.running_jobs, shared.c.running_jobs, self.usual["running_jobs"]),
            )
            .outerjoin(own, own.c.holder == "user:" + users.c.id)
            .outerjoin(shared, shared.c.holder == "application:" + users.c.application_id)
            .where(users.c.id.in_(user_ids))
        )
        return {row[0]: {"bytes": row[1], "running_jobs": row[2]} for row in connection.execute(statement)}

    def grant(self, actor: Principal, holder: Caller, granted: QuotaChange) -> None:
        """Give a user, or each user of an application, a quota; what is left out is the usual one again.

        Raises:
            BadRequest: an amount is negative, or beyond counting.
        """
        row = {"bytes": granted.get("bytes"), "running_jobs": granted.get("running_jobs")}
        for name, amount in row.items():
            if amount is not None and not 0 <= amount <= _MOST:
                raise BadRequest(f"{name} is 0 (no limit) to {_MOST}, not {amount}")
        with self.database.write() as connection:
            connection.execute(delete(quotas).where(quotas.c.holder == holder.identity))
            connection.execute(insert(quotas).values(holder=holder.identity, **row))
            audit.record(connection, actor, "quota granted", holder, **row)

    def most_running(self, connection: Connection, user_ids: Sequence[str]) -> Mapping[str, int]:
        """How many jobs of each of these users may run at once; who is left out, any number."""
        if not user_ids:
            return {}
        found = self.of(connection, user_ids)
        return {user_id: quota["running_jobs"] for user_id, quota in found.items() if quota["running_jobs"]}
