"""``voxel51 server app``: programs with users of their own, and their tokens."""

import argparse
from typing import TYPE_CHECKING

from voxel51.cli.help import show_help
from voxel51.cli.server.shared import (
    add_base_url,
    add_folder,
    add_token_verbs,
    guarded,
    print_tokens,
    settings,
    token_file,
    write_token,
)

if TYPE_CHECKING:
    from voxel51.server.accounts.applications import ApplicationService


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    application = nouns.add_parser("app", help="manage applications")
    application.set_defaults(run=show_help(application))
    verbs = application.add_subparsers(title="commands", metavar="COMMAND")
    create = verbs.add_parser("create", help="create an application, and a token file")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--token", metavar="PATH", help="where to write a first token file")
    add_base_url(create)
    add_folder(create)
    create.set_defaults(run=guarded(_create))
    listing = verbs.add_parser("list", help="list the applications")
    add_folder(listing)
    listing.set_defaults(run=guarded(_list))
    add_token_verbs(verbs, "an application's", _issue_token, _tokens)


def _create(options: argparse.Namespace) -> int:
    applications = _applications(options)
    with token_file(options.token) as file:
        applications.create(options.name)
        print(f"Created application '{options.name}'")
        if file is not None:
            write_token(applications.issue_token, options, "first token", file)
    return 0


def _list(options: argparse.Namespace) -> int:
    for application in _applications(options).all():
        print(application.name)
    return 0


def _issue_token(options: argparse.Namespace) -> int:
    applications = _applications(options)
    with token_file(options.out) as file:
        assert file is not None  # noqa: S101  (--out is required)
        write_token(applications.issue_token, options, options.label, file)
    return 0


def _tokens(options: argparse.Namespace) -> int:
    applications = _applications(options)
    if options.revoke:
        applications.revoke_token(options.name, options.revoke)
        print(f"Revoked token '{options.revoke}'")
    else:
        print_tokens(applications.list_tokens(options.name))
    return 0


def _applications(options: argparse.Namespace) -> "ApplicationService":
    from voxel51.server.accounts.applications import ApplicationService
    from voxel51.server.database.opening import open_database

    return ApplicationService(open_database(settings(options)))
