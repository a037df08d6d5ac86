"""``voxel51 server user``: the people of a platform, and their tokens."""

import argparse
import getpass
import sys
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
    from voxel51.server.accounts.service import AccountService


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its verbs."""
    user = nouns.add_parser("user", help="manage users")
    user.set_defaults(run=show_help(user))
    verbs = user.add_subparsers(title="commands", metavar="COMMAND")
    create = verbs.add_parser("create", help="create a user, and a token file")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--token", metavar="PATH", help="where to write a first token file")
    passwords = create.add_mutually_exclusive_group()
    passwords.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    passwords.add_argument("--no-password", action="store_true", help="no password: only tokens sign in")
    add_base_url(create)
    add_folder(create)
    create.set_defaults(run=guarded(_create))
    add_token_verbs(verbs, "a user's", _issue_token, _tokens)


def _create(options: argparse.Namespace) -> int:
    accounts = _accounts(options)
    with token_file(options.token) as file:
        accounts.create_user(options.name, _password(options))
        print(f"Created user '{options.name}'")
        if file is not None:
            write_token(accounts.issue_token, options, "first token", file)
    return 0


def _issue_token(options: argparse.Namespace) -> int:
    accounts = _accounts(options)
    with token_file(options.out) as file:
        assert file is not None  # noqa: S101  (--out is required)
        write_token(accounts.issue_token, options, options.label, file)
    return 0


def _tokens(options: argparse.Namespace) -> int:
    accounts = _accounts(options)
    if options.revoke:
        accounts.revoke_token(options.name, options.revoke)
        print(f"Revoked token '{options.revoke}'")
    else:
        print_tokens(accounts.list_tokens(options.name))
    return 0


def _accounts(options: argparse.Namespace) -> "AccountService":
    from voxel51.server.accounts.service import AccountService
    from voxel51.server.database.opening import open_database

    return AccountService(open_database(settings(options)))


def _password(options: argparse.Namespace) -> str | None:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if options.no_password or not sys.stdin.isatty():
        return None
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise OSError("the two passwords differ; try again")
    return password
