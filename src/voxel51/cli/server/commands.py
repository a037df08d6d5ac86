"""Registration of the ``voxel51 server`` commands."""

from voxel51.cli.parsing import Commands, Parser, show_help
from voxel51.cli.server import (
    applications,
    backups,
    controls,
    doctor,
    keys,
    moving,
    network,
    reload,
    sources,
    start,
    stop,
    storage,
    usage,
    users,
    verify,
)


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    parser.set_defaults(run=show_help(parser))
    verbs: Commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    start.add_to(verbs)
    stop.add_to(verbs)
    controls.add_to(verbs)
    reload.add_to(verbs)
    doctor.add_to(verbs)
    verify.add_to(verbs)
    backups.add_to(verbs)
    moving.add_to(verbs)
    keys.add_to(verbs)
    users.add_to(verbs)
    applications.add_to(verbs)
    network.add_to(verbs)
    storage.add_to(verbs)
    sources.add_to(verbs)
    usage.add_to(verbs)
