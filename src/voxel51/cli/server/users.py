"""``voxel51 server user``: create, change and invite users, and manage their tokens and quotas."""

import argparse
import getpass
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from voxel51.cli.parsing import show_help
from voxel51.cli.server.quotas import add_quota_command
from voxel51.cli.server.shared import (
    add_folder,
    add_token_commands,
    add_token_options,
    guarded,
    known_url,
    open_platform,
    settings,
    token_file,
    write_token,
)
from voxel51.wire.accounts import OneTimeKey, Role

if TYPE_CHECKING:
    from voxel51.server.accounts.callers import User
    from voxel51.server.accounts.sign_up import SignUpService
    from voxel51.server.database.database import Database


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun and its commands."""
    user = nouns.add_parser("user", help="manage users")
    user.set_defaults(run=show_help(user))
    verbs = user.add_subparsers(title="commands", metavar="COMMAND")
    create = verbs.add_parser("create", help="create a user and optionally a token file")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--token", metavar="PATH", help="write a token file to this path")
    passwords = create.add_mutually_exclusive_group()
    passwords.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    passwords.add_argument("--no-password", action="store_true", help="create the user without a password")
    create.add_argument(
        "--role", choices=tuple(Role), help="role of the account (default: member; operator for the first user)"
    )
    add_token_options(create)
    add_folder(create)
    create.set_defaults(run=guarded(_create))
    _add_list(verbs)
    _add_change(verbs)
    _add_invite(verbs)
    _add_reset(verbs)
    add_quota_command(verbs, "a user's quota", _find)
    add_token_commands(verbs, "a user's", _find)


def _add_list(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listing = verbs.add_parser("list", help="list the users")
    add_folder(listing)
    listing.set_defaults(run=guarded(_list))


def _add_change(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    change = verbs.add_parser("change", help="change a user's role, or suspend or resume a user")
    change.add_argument("name", metavar="NAME")
    change.add_argument("--role", choices=tuple(Role), help="role of the account")
    states = change.add_mutually_exclusive_group()
    states.add_argument(
        "--suspend", dest="suspended", action="store_true", default=None, help="block the user's access"
    )
    states.add_argument("--resume", dest="suspended", action="store_false", help="restore the user's access")
    add_folder(change)
    change.set_defaults(run=guarded(_change))


def _add_invite(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    invite = verbs.add_parser("invite", help="create an invitation key for one user")
    invite.add_argument("--role", choices=tuple(Role), default=Role.MEMBER, help="role of the account")
    invite.add_argument("--days", metavar="N", type=float, default=7.0, help="validity in days (default: %(default)g)")
    add_folder(invite)
    invite.set_defaults(run=guarded(_invite))


def _add_reset(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    reset = verbs.add_parser("reset", help="create a key with which a user sets a new password")
    reset.add_argument("name", metavar="NAME")
    add_folder(reset)
    reset.set_defaults(run=guarded(_reset))


def _create(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.passwords import hash_password
    from voxel51.server.accounts.service import AccountService

    database = open_platform(options)
    with token_file(options.token) as file:
        role = Role(options.role) if options.role else None
        password = _password(options)
        hashed = None if password is None else hash_password(password)
        user = AccountService(database).create_user(options.name, hashed, role)
        print(f"Created user '{options.name}'")
        if file is not None:
            write_token(database, user, options, "first token", file)
    return 0


def _list(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.service import AccountService

    for account in AccountService(open_platform(options)).all():
        state = "suspended" if account["suspended"] else "active"
        print(f"{account['username']}  {account['role']}  {state}  since {account['created_at'][:10]}")
    return 0


def _change(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.audit import COMMAND_LINE
    from voxel51.server.accounts.service import AccountService
    from voxel51.wire.accounts import AccountChange

    change: AccountChange = {}
    if options.role:
        change["role"] = Role(options.role)
    if options.suspended is not None:
        change["suspended"] = options.suspended
    if not change:
        raise OSError("no change given: use --role, --suspend or --resume")
    account = AccountService(open_platform(options)).change(COMMAND_LINE, options.name, change)
    state = "suspended" if account["suspended"] else "active"
    print(f"'{account['username']}' is {account['role']}, {state}")
    return 0


def _invite(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.audit import COMMAND_LINE

    key = _entrance(options).invite(COMMAND_LINE, Role(options.role), options.days)
    _print_key(key, options, "sign-up#invitation")
    return 0


def _reset(options: argparse.Namespace) -> int:
    key = _entrance(options).permit_reset(_find(open_platform(options), options.name))
    _print_key(key, options, "choose-password#key")
    return 0


def _print_key(key: OneTimeKey, options: argparse.Namespace, page: str) -> None:
    """Print a key to standard output for scripts, and the address of its page to standard error."""
    print(f"{key['key']}  until {key['expires_at'][:16].replace('T', ' ')}", flush=True)
    if url := known_url(settings(options)):
        print(f"The user can open {url}/{page}={key['key']}", file=sys.stderr)


def _entrance(options: argparse.Namespace) -> "SignUpService":
    from voxel51.server.accounts.sessions import SessionService
    from voxel51.server.accounts.sign_up import SignUpService

    present, database = settings(options), open_platform(options)
    return SignUpService(database, SessionService(database, timedelta(days=present.session_days)), present.sign_up)


def _find(database: "Database", name: str) -> "User":
    from voxel51.server.accounts.service import AccountService

    return AccountService(database).find(name)


def _password(options: argparse.Namespace) -> str | None:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if options.no_password or not sys.stdin.isatty():
        return None
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise OSError("the passwords do not match; try again")
    return password
