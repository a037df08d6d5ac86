"""``voxel51 server network``: list, grant and revoke the network access of analytics."""

import argparse
from typing import TYPE_CHECKING

from voxel51.cli.parsing import show_help
from voxel51.cli.server.shared import add_folder, guarded, settings

if TYPE_CHECKING:
    from voxel51.server.analytics.network.service import NetworkGrants
    from voxel51.wire.network import NetworkAccess, NetworkGrant


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its commands."""
    noun = nouns.add_parser("network", help="manage the network access of analytics")
    noun.set_defaults(run=show_help(noun))
    verbs = noun.add_subparsers(title="commands", metavar="COMMAND")
    listing = verbs.add_parser("list", help="list the analytics that ask for network access")
    add_folder(listing)
    listing.set_defaults(run=guarded(_list))
    grant = verbs.add_parser("grant", help="let an analytic connect to hosts of its manifest")
    grant.add_argument("id", metavar="ID", help="id of a version of the analytic")
    grant.add_argument("hosts", metavar="HOST:PORT", nargs="+", help="host, as in the manifest of that version")
    grant.add_argument(
        "--private-network", metavar="NETWORK", action="append", default=[],
        help="address or network that is not public, in which these hosts may lie; may be repeated",
    )  # fmt: skip
    add_folder(grant)
    grant.set_defaults(run=guarded(_grant))
    revoke = verbs.add_parser("revoke", help="revoke the network access of an analytic, and stop the jobs that use it")
    revoke.add_argument("id", metavar="ID", help="id of a version of the analytic")
    add_folder(revoke)
    revoke.set_defaults(run=guarded(_revoke))


def _grants(options: argparse.Namespace) -> "NetworkGrants":
    from voxel51.server.analytics.network.service import NetworkGrants
    from voxel51.server.database.opening import open_database

    present = settings(options)
    return NetworkGrants(open_database(present), None, present.job_network_bytes)


def _list(options: argparse.Namespace) -> int:
    for request in _grants(options).requests()["requests"]:
        print(f"{request['analytic_id']}  {request['name']} {request['version']}")
        _print_hosts(request["network"])
        for host in request["further_hosts"]:
            print(f"    {host}: granted to other versions")
    return 0


def _grant(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.audit import COMMAND_LINE

    grant: NetworkGrant = {"hosts": options.hosts, "private_networks": options.private_network}
    _print_hosts(_grants(options).grant(COMMAND_LINE, options.id, grant)["network"])
    return 0


def _revoke(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.audit import COMMAND_LINE
    from voxel51.server.jobs.revocation import stop_jobs_of

    stopped = _grants(options).revoke(COMMAND_LINE, options.id, stop_jobs_of)["stopped_jobs"]
    print(f"Network access revoked; {stopped} job{'' if stopped == 1 else 's'} stopped")
    return 0


def _print_hosts(access: "NetworkAccess") -> None:
    for each in access["hosts"]:
        state = f"granted by {each['granted_by']}" if each["granted"] else "not granted"
        networks = ", ".join(each.get("private_networks", []))
        print(f"    {each['host']}: {state}{f', also in {networks}' if networks else ''}")
