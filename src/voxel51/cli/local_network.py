"""Network access of local runs: the options ``--allow-network`` and ``--private-network``."""

import argparse
from ipaddress import ip_network
from typing import TYPE_CHECKING

from voxel51.cli.printing import Printer
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.network import declared_hosts

if TYPE_CHECKING:
    from voxel51.runners.network_permission import NetworkPermission
    from voxel51.runners.sandbox.policy import SandboxKind

_MAX_BYTES = 1 << 40


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command that runs an analytic on this machine."""
    parser.add_argument(
        "--allow-network", action="store_true", help="let it connect to the hosts that its manifest names"
    )
    parser.add_argument(
        "--private-network", metavar="NETWORK", action="append", default=[],
        help="address or network that is not public, in which these hosts may lie, such as 127.0.0.1 or 10.0.0.0/8",
    )  # fmt: skip


def local_permission(
    document: AnalyticDocument, kind: "SandboxKind", options: argparse.Namespace, printer: Printer
) -> "NetworkPermission | None":
    """Return the permission of a local run under the sandbox ``kind``; None if the analytic asks for no network.

    Raises:
        ValueError: the analytic asks for network access that the options do not allow, or that the sandbox cannot
            limit to its hosts; or a network is invalid.
    """
    from voxel51.runners.network_permission import NetworkPermission

    networks = tuple(map(_checked_network, options.private_network))
    hosts = declared_hosts(document.get("extensions"))
    if not hosts:
        return None
    name = document["info"]["name"]
    if not options.allow_network:
        raise ValueError(f"analytic '{name}' needs network access to {', '.join(hosts)}. Allow it by --allow-network")
    if kind.limits_hosts:
        return NetworkPermission.of(dict.fromkeys(hosts, networks), _MAX_BYTES)
    if kind.strength > 0:
        raise ValueError(
            f"analytic '{name}' needs network access, which the sandbox '{kind}' of this machine cannot limit to "
            "single hosts. Run it where user namespaces are permitted; 'voxel51 server doctor' says what is missing"
        )
    printer.remark("This machine has no sandbox: the analytic can connect to any host")
    return None


def _checked_network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"--private-network: {error}") from None
