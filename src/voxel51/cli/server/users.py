"""``voxel51 server user``: the people of a platform, and their tokens."""

import argparse
import getpass
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from voxel51.cli.help import show_help
from voxel51.cli.server.quotas import add_quota_verb
from voxel51.cli.server.shared import (
    add_folder,
    add_token_terms,
    add_token_verbs,
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
    create.add_argument(
        "--role", choices=tuple(Role), help="what the account is for (default: member; first: operator)"
    )
    add_token_terms(create)
    add_folder(create)
    create.set_defaults(run=guarded(_create))
    _add_list(verbs)
    _add_change(verbs)
    _add_invite(verbs)
    _add_reset(verbs)
    add_quota_verb(verbs, "a user's", _find)
    add_token_verbs(verbs, "a user's", _find)


def _add_list(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listing = verbs.add_parser("list", help="list the users")
    add_folder(listing)
    listing.set_defaults(run=guarded(_list))


def _add_change(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    change = verbs.add_parser("change", help="give a user another role, or suspend one")
    change.add_argument("name", metavar="NAME")
    change.add_argument("--role", choices=tuple(Role), help="what the account is for")
    states = change.add_mutually_exclusive_group()
    states.add_argument("--suspend", dest="suspended", action="store_true", default=None, help="refuse it from now on")
    states.add_argument("--resume", dest="suspended", action="store_false", help="let it in again")
    add_folder(change)
    change.set_defaults(run=guarded(_change))


def _add_invite(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    invite = verbs.add_parser("invite", help="make a key with which one person signs up")
    invite.add_argument("--role", choices=tuple(Role), default=Role.MEMBER, help="what the account is for")
    invite.add_argument("--days", metavar="N", type=float, default=7.0, help="days it lasts (default: %(default)g)")
    add_folder(invite)
    invite.set_defaults(run=guarded(_invite))


def _add_reset(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    reset = verbs.add_parser("reset", help="make a key with which a user chooses a new password")
    reset.add_argument("name", metavar="NAME")
    add_folder(reset)
    reset.set_defaults(run=guarded(_reset))


def _create(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.service import AccountService

    database = open_platform(options)
    with token_file(options.token) as file:
        role = Role(options.role) if options.role else None
        user = AccountService(database).create_user(options.name, _password(options), role)
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
        raise OSError("say what is to change: --role, --suspend or --resume")
    account = AccountService(open_platform(options)).change(COMMAND_LINE, options.name, change)
    state = "suspended" if account["suspended"] else "active"
    print(f"'{account['username']}' is {account['role']}, {state}")
    return 0


def _invite(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.audit import COMMAND_LINE

    key = _entrance(options).invite(COMMAND_LINE, Role(options.role), options.days)
    _tell(key, options, "sign-up#invitation")
    return 0


def _reset(options: argparse.Namespace) -> int:
    key = _entrance(options).permit_reset(_find(open_platform(options), options.name))
    _tell(key, options, "choose-password#key")
    return 0


def _tell(key: OneTimeKey, options: argparse.Namespace, page: str) -> None:
    """Print a key alone, as scripts read it; and beside it, for people, the page that takes it."""
    print(f"{key['key']}  until {key['expires_at'][:16].replace('T', ' ')}", flush=True)
    if url := known_url(settings(options)):
        print(f"Whoever it is for may open {url}/{page}={key['key']}", file=sys.stderr)


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
        raise OSError("the two passwords differ; try again")
    return password
