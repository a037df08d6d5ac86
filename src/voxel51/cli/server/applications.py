"""``voxel51 server app``: create and list applications, and manage their tokens and quotas."""

import argparse
from typing import TYPE_CHECKING

from voxel51.cli.parsing import show_help
from voxel51.cli.server.quotas import add_quota_command
from voxel51.cli.server.shared import (
    add_folder,
    add_token_commands,
    add_token_options,
    guarded,
    open_platform,
    token_file,
    write_token,
)

if TYPE_CHECKING:
    from voxel51.server.accounts.callers import Application
    from voxel51.server.database.database import Database


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its commands."""
    application = nouns.add_parser("app", help="manage applications")
    application.set_defaults(run=show_help(application))
    verbs = application.add_subparsers(title="commands", metavar="COMMAND")
    create = verbs.add_parser("create", help="create an application and optionally a token file")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--token", metavar="PATH", help="write a token file to this path")
    add_token_options(create)
    add_folder(create)
    create.set_defaults(run=guarded(_create))
    listing = verbs.add_parser("list", help="list the applications")
    add_folder(listing)
    listing.set_defaults(run=guarded(_list))
    add_quota_command(verbs, "the quota of each of an application's users", _find)
    sharing = verbs.add_parser("share-results", help="let the users of an application share results, or stop that")
    sharing.add_argument("name", metavar="NAME")
    sharing.add_argument("state", metavar="on|off", choices=("on", "off"), nargs="?", help="default: show the state")
    add_folder(sharing)
    sharing.set_defaults(run=guarded(_share_results))
    add_token_commands(verbs, "an application's", _find)


def _create(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.applications import ApplicationService

    database = open_platform(options)
    with token_file(options.token) as file:
        application = ApplicationService(database).create(options.name)
        print(f"Created application '{options.name}'")
        if file is not None:
            write_token(database, application, options, "first token", file)
    return 0


def _list(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.applications import ApplicationService

    for application in ApplicationService(open_platform(options)).all():
        print(application.name)
    return 0


def _share_results(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.applications import ApplicationService
    from voxel51.server.accounts.audit import COMMAND_LINE

    applications = ApplicationService(open_platform(options))
    application = applications.find(options.name)
    if options.state is not None:
        applications.share_results(application, COMMAND_LINE, enabled=options.state == "on")
    is_shared = applications.shares_results(application)
    print(f"Users of '{options.name}' {'share results' if is_shared else 'do not share results'}")
    return 0


def _find(database: "Database", name: str) -> "Application":
    from voxel51.server.accounts.applications import ApplicationService

    return ApplicationService(database).find(name)
