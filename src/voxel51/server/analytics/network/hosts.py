"""Hosts of versions: record those in a manifest, and say which of them are granted."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, insert, select

from voxel51.server.analytics.network.tables import analytic_hosts, network_grants
from voxel51.server.analytics.tables import AnalyticRow, analytics
from voxel51.server.database.prepared_query import PreparedQuery
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.network import HostAccess, NetworkAccess, declared_hosts

HostRow = Row[Any]
"""Host of a version, with its grant. SQLAlchemy does not type the columns of a `Table`, hence `Any`."""

_GRANT_OF_HOST = and_(
    network_grants.c.analytic_owner == analytics.c.owner,
    network_grants.c.analytic_name == analytics.c.name,
    network_grants.c.host == analytic_hosts.c.host,
)
_HOST_OF_VERSION = analytic_hosts.c.analytic_id == analytics.c.id

_ANY_HOST = PreparedQuery(select(analytic_hosts.c.host).where(analytic_hosts.c.analytic_id == bindparam("analytic_id")))

HAS_HOSTS = exists().where(_HOST_OF_VERSION)
"""Whether a version asks for hosts, in a query of `analytics`."""

LACKS_GRANT = exists().where(_HOST_OF_VERSION, ~exists().where(_GRANT_OF_HOST).correlate(analytics, analytic_hosts))
"""Whether a version asks for a host that is not granted, in a query of `analytics`."""


def record_hosts(connection: Connection, analytic_id: str, document: AnalyticDocument) -> None:
    """Record the hosts in the manifest of a version, instead of those of an earlier one."""
    connection.execute(delete(analytic_hosts).where(analytic_hosts.c.analytic_id == analytic_id))
    for position, host in enumerate(declared_hosts(document.get("extensions"))):
        row = {"analytic_id": analytic_id, "host": host, "position": position}
        connection.execute(insert(analytic_hosts).values(row))


def hosts_of(connection: Connection, analytic_id: str) -> Sequence[HostRow]:
    """Return the hosts of a version in the order of its manifest, each with its grant; null where it has none."""
    grant = (network_grants.c.private_networks, network_grants.c.granted_by, network_grants.c.grant_date)
    statement = (
        select(analytic_hosts.c.host, *grant)
        .join(analytics, _HOST_OF_VERSION)
        .outerjoin(network_grants, _GRANT_OF_HOST)
        .where(analytics.c.id == analytic_id)
        .order_by(analytic_hosts.c.position)
    )
    rows: Sequence[HostRow] = connection.execute(statement).all()  # type: ignore[assignment]  # one row, not its values
    return rows


def has_hosts(connection: Connection, analytic_id: str) -> bool:
    """Return whether a version asks for hosts."""
    return _ANY_HOST.first(connection, analytic_id=analytic_id) is not None


def missing_hosts(connection: Connection, analytic_id: str) -> list[str]:
    """Return the hosts of a version that are not granted."""
    return [row.host for row in hosts_of(connection, analytic_id) if row.grant_date is None]


def access_of(connection: Connection, analytic_id: str, *, for_operators: bool = False) -> NetworkAccess:
    """Return the network access of a version.

    Who granted it, and for which private networks, is told to operators only.
    """
    rows = hosts_of(connection, analytic_id)
    hosts = [_host_access(row, for_operators=for_operators) for row in rows]
    return {"hosts": hosts, "granted": all(each["granted"] for each in hosts)}


def remove_grants(connection: Connection, row: AnalyticRow) -> None:
    """Remove the grants of an analytic if no version of it is left."""
    left = select(analytics.c.id).where(analytics.c.owner == row.owner, analytics.c.name == row.name)
    if connection.execute(left.limit(1)).first() is None:
        of_name = (network_grants.c.analytic_owner == row.owner) & (network_grants.c.analytic_name == row.name)
        connection.execute(delete(network_grants).where(of_name))


def _host_access(row: HostRow, *, for_operators: bool) -> HostAccess:
    access: HostAccess = {"host": row.host, "granted": row.grant_date is not None}
    if for_operators and row.grant_date is not None:
        access["private_networks"] = row.private_networks
        access["granted_by"] = row.granted_by
        access["grant_date"] = dates.to_text(row.grant_date)
    return access
