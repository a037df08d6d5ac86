"""Registration of the ``voxel51 server`` commands."""

import argparse

from voxel51.cli.parsing import show_help
from voxel51.cli.server import applications, doctor, keys, start, stop, storage, users, verify


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun to the command line."""
    server = commands.add_parser("server", help="run a platform and manage its users and applications")
    server.set_defaults(run=show_help(server))
    verbs = server.add_subparsers(title="commands", metavar="COMMAND")
    start.add_to(verbs)
    stop.add_to(verbs)
    doctor.add_to(verbs)
    verify.add_to(verbs)
    keys.add_to(verbs)
    users.add_to(verbs)
    applications.add_to(verbs)
    storage.add_to(verbs)
