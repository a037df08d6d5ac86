"""Network grants: operators let an analytic connect to hosts, and take that back.

A grant belongs to an analytic (its owner and name) and names hosts. It holds for every version that asks for no other
hosts: an operator judges where data may go, which a new version of the code does not change. A version that asks for
one more host cannot run before that host is granted too.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, or_, select

from voxel51.runners.network_permission import AllowedHost, NetworkPermission
from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import Principal
from voxel51.server.analytics.network.hosts import HAS_HOSTS, LACKS_GRANT, access_of, has_hosts, hosts_of
from voxel51.server.analytics.network.tables import network_grants
from voxel51.server.analytics.tables import INTERNAL, AnalyticRow, analytics
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, NotFound
from voxel51.wire import dates
from voxel51.wire.network import (
    MAX_HOSTS,
    MAX_PRIVATE_NETWORKS,
    HostPort,
    NetworkGrant,
    NetworkRequest,
    NetworkRequestList,
    NetworkResponse,
    NetworkRevocation,
)

MAX_REQUESTS = 500
"""Number of analytics in one list of requests."""

StopJobs = Callable[[Connection, Sequence[str], str], int]
"""Stops the jobs of these versions that have not ended, for a reason; returns how many."""


class NetworkRefused(Exception):
    """A job cannot start, because its analytic asks for network access that it may not have. The text is for users."""


@dataclass(frozen=True, slots=True)
class _AnalyticOwner:
    """Owner of an analytic, as the account that an entry of the audit log concerns."""

    name: str
    identity: str


class NetworkGrants:
    """Grants of all analytics.

    Args:
        database: database of the platform.
        refusal: why the sandbox of this platform cannot limit jobs to single hosts, as a phrase; None if it can.
            Containers are limited in any case.
        max_bytes: bytes that one job may exchange with granted hosts.
    """

    def __init__(self, database: Database, refusal: str | None, max_bytes: int) -> None:
        self._database = database
        self._refusal = refusal
        self._max_bytes = max_bytes

    def requests(self) -> NetworkRequestList:
        """Return the analytics whose latest version asks for network access, or which have grants.

        Those that wait for a grant come first, then the newest; `MAX_REQUESTS` at most.
        """
        statement = (
            select(analytics.c.id, analytics.c.name, analytics.c.version, analytics.c.owner)
            .where(analytics.c.latest.is_(True), analytics.c.scope != INTERNAL, or_(HAS_HOSTS, _HAS_GRANTS))
            .order_by(LACKS_GRANT.desc(), analytics.c.upload_date.desc())
            .limit(MAX_REQUESTS)
        )
        with self._database.read() as connection:
            rows: Sequence[AnalyticRow] = connection.execute(statement).all()  # type: ignore[assignment]  # some columns
            return {"requests": [_request_of(connection, row) for row in rows]}

    def grant(self, operator: Principal, analytic_id: str, grant: NetworkGrant) -> NetworkResponse:
        """Let all versions of an analytic connect to hosts that this version asks for.

        Raises:
            NotFound: the version does not exist.
            BadRequest: a host is not in its manifest, a network is invalid, or an address needs one.
        """
        networks = _checked_networks(grant.get("private_networks", []))
        with self._database.write() as connection:
            row = _find(connection, analytic_id)
            _check_hosts(connection, row, grant["hosts"], networks)
            acquire_advisory_locks(connection, f"network of {row.owner} {row.name}")
            for host in dict.fromkeys(grant["hosts"]):
                connection.execute(delete(network_grants).where(_of_analytic(row), network_grants.c.host == host))
                values = {"host": host, "private_networks": networks, "granted_by": operator.name}
                named = {"analytic_owner": row.owner, "analytic_name": row.name, "grant_date": dates.now()}
                connection.execute(insert(network_grants).values({**values, **named}))
            details = {"hosts": grant["hosts"], "private_networks": networks}
            audit.record(connection, operator, "network access granted", _owner(row), analytic=row.name, **details)
            return {"network": access_of(connection, analytic_id, for_operators=True)}

    def revoke(self, operator: Principal, analytic_id: str, stop_jobs: StopJobs) -> NetworkRevocation:
        """Remove all grants of an analytic, and stop the jobs of all its versions that use them.

        Raises:
            NotFound: the version does not exist.
        """
        with self._database.write() as connection:
            row = _find(connection, analytic_id)
            acquire_advisory_locks(connection, f"network of {row.owner} {row.name}")
            gone = delete(network_grants).where(_of_analytic(row)).returning(network_grants.c.host)
            hosts = sorted(connection.execute(gone).scalars())
            of_name = (analytics.c.owner == row.owner) & (analytics.c.name == row.name)
            using = select(analytics.c.id).where(of_name, HAS_HOSTS)
            reason = f"An operator revoked the network access of the analytic '{row.name}'"
            stopped = stop_jobs(connection, connection.execute(using).scalars().all(), reason)
            details = {"hosts": hosts, "stopped_jobs": stopped}
            audit.record(connection, operator, "network access revoked", _owner(row), analytic=row.name, **details)
            return {"network": access_of(connection, analytic_id, for_operators=True), "stopped_jobs": stopped}

    def permission(self, analytic_id: str, *, is_image: bool) -> NetworkPermission | None:
        """Return the permission of a job of this version that starts now; None if it asks for no network access.

        Raises:
            NetworkRefused: a host is not granted, or the sandbox cannot limit the job to its hosts.
        """
        with self._database.read() as connection:
            if not has_hosts(connection, analytic_id):
                return None
            rows = hosts_of(connection, analytic_id)
        if missing := [row.host for row in rows if row.grant_date is None]:
            raise NetworkRefused(f"The analytic needs network access to {', '.join(missing)}, which is not granted")
        if self._refusal is not None and not is_image:
            raise NetworkRefused(f"The analytic needs network access, which {self._refusal}")
        granted = {row.host: tuple(row.private_networks) for row in rows}
        return NetworkPermission.of(granted, self._max_bytes)


def _of_analytic(row: AnalyticRow) -> ColumnElement[bool]:
    return and_(network_grants.c.analytic_owner == row.owner, network_grants.c.analytic_name == row.name)


_HAS_GRANTS = exists().where(
    network_grants.c.analytic_owner == analytics.c.owner, network_grants.c.analytic_name == analytics.c.name
)


def _find(connection: Connection, analytic_id: str) -> AnalyticRow:
    chosen = (analytics.c.id == analytic_id, analytics.c.deleted.is_(False), analytics.c.scope != INTERNAL)
    row: AnalyticRow | None = connection.execute(select(analytics).where(*chosen)).first()
    if row is None:
        raise NotFound(f"Analytic '{analytic_id}' not found. List the requests for network access to see their ids.")
    return row


def _owner(row: AnalyticRow) -> _AnalyticOwner:
    return _AnalyticOwner(row.name.partition("/")[0], row.owner)


def _request_of(connection: Connection, row: AnalyticRow) -> NetworkRequest:
    granted = select(network_grants.c.host).where(_of_analytic(row)).order_by(network_grants.c.host)
    access = access_of(connection, row.id, for_operators=True)
    asked = {each["host"] for each in access["hosts"]}
    return {
        "analytic_id": row.id,
        "name": row.name,
        "version": row.version,
        "network": access,
        "further_hosts": [host for host in connection.execute(granted).scalars() if host not in asked],
    }


def _check_hosts(connection: Connection, row: AnalyticRow, hosts: Collection[str], networks: Sequence[str]) -> None:
    if not 0 < len(hosts) <= MAX_HOSTS:
        raise BadRequest(f"hosts: name 1 to {MAX_HOSTS} hosts, not {len(hosts)}")
    asked = [each.host for each in hosts_of(connection, row.id)]
    for index, host in enumerate(hosts):
        if host not in asked:
            known = ", ".join(asked) or "none"
            raise BadRequest(
                f"hosts[{index}]: {host!r:.300} is not in the manifest of '{row.name}' {row.version}; known: {known}"
            )
        _check_address(f"hosts[{index}]", HostPort.parse(host), networks)


def _check_address(path: str, host: HostPort, networks: Sequence[str]) -> None:
    """Raise `BadRequest` if ``host`` is an address that needs a private network, which is not among ``networks``."""
    if host.address is not None and not AllowedHost(host.host, host.port, tuple(networks)).permits(host.address):
        raise BadRequest(
            f"{path}: {host.host} is not a public address. To grant it all the same, name it in private_networks "
            "(--private-network)"
        )


def _checked_networks(texts: Sequence[str]) -> list[str]:
    if len(texts) > MAX_PRIVATE_NETWORKS:
        raise BadRequest(f"private_networks: has {len(texts)} entries; the maximum is {MAX_PRIVATE_NETWORKS}")
    return [_checked_network(f"private_networks[{index}]", text) for index, text in enumerate(texts)]


def _checked_network(path: str, text: str) -> str:
    try:
        network = ip_network(text) if "/" in text else ip_network(ip_address(text))
    except ValueError:
        raise BadRequest(
            f"{path}: {text!r:.100} is neither an address nor a network. Write it as 10.0.0.5 or 10.0.0.0/8"
        ) from None
    if network.prefixlen == 0:
        raise BadRequest(f"{path}: {text} includes every address. Name the network of the host")
    return str(network)
