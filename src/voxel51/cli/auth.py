"""``voxel51 auth``: show, activate and deactivate API tokens and profiles."""

import argparse

from voxel51.cli import profiles
from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, local_time, shortened_key, table

_EXAMPLES = """\
  voxel51 auth activate ~/Downloads/api-token.json
  voxel51 auth activate lab-token.json --profile lab
  voxel51 data list --profile lab"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    command(verbs, "show", _show, "show the active token")
    activate = command(verbs, "activate", _activate, "activate a token file, or store it as a profile")
    activate.add_argument("token", metavar="TOKEN", help="path of the token file")
    command(verbs, "deactivate", _deactivate, "deactivate the active token, or delete a profile")
    command(verbs, "profiles", _profiles, "list the profiles")


def _show(options: argparse.Namespace) -> int:
    from voxel51.users.auth import get_active_token_path, load_token

    printer = Printer(options)
    token = profiles.token_of(options.profile) if options.profile else load_token()
    path = options.profile or get_active_token_path()
    rows = [
        ("token id", token.id),
        ("creation date", local_time(token.creation_date)),
        ("private key", shortened_key(token.private_key)),
        ("base api url", token.base_api_url),
        ("path", path),
    ]
    document = {"token_id": token.id, "creation_date": token.creation_date, "base_api_url": token.base_api_url,
                "path": path}  # fmt: skip
    printer.result(table(rows, ["API token", ""]), document)
    return printer.finish()


def _activate(options: argparse.Namespace) -> int:
    from voxel51.users.auth import activate_token

    if options.profile:
        profiles.save(options.profile, options.token)
    else:
        activate_token(options.token)
    return 0


def _deactivate(options: argparse.Namespace) -> int:
    from voxel51.users.auth import deactivate_token

    if options.profile:
        profiles.delete(options.profile)
    else:
        deactivate_token()
    return 0


def _profiles(options: argparse.Namespace) -> int:
    printer = Printer(options)
    names = profiles.names()
    printer.result("\n".join(names) or "No profiles", names)
    return printer.finish()
