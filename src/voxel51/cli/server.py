"""``voxel51 server``: run a platform, and manage its users on the machine where its data is.

The platform's own code is imported inside the commands alone, so that every other command starts quickly and works
where only the client is installed.
"""

import argparse
import getpass
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from voxel51.cli.help import show_help

if TYPE_CHECKING:
    from voxel51.server.accounts.service import AccountService
    from voxel51.server.settings import Settings

Command = Callable[[argparse.Namespace], int]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the noun to the command line."""
    server = commands.add_parser("server", help="run a platform and manage its users")
    server.set_defaults(run=show_help(server))
    verbs = server.add_subparsers(title="commands", metavar="COMMAND")
    _add_start(verbs)
    user = verbs.add_parser("user", help="manage users")
    user.set_defaults(run=show_help(user))
    _add_user(user.add_subparsers(title="commands", metavar="COMMAND"))


def _add_start(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    start = verbs.add_parser("start", help="run the platform in the foreground")
    _add_folder(start)
    start.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    start.add_argument("--port", help="port to listen on, 0 for any free one (default: 5151)")
    start.add_argument("--public-url", metavar="URL", help="what people see (default: the address listened on)")
    start.add_argument("--job-url", metavar="URL", help="what jobs see (default: a loopback address)")
    start.add_argument("--tls-certificate", metavar="PATH", help="PEM file; with it the platform speaks HTTPS")
    start.add_argument("--tls-key", metavar="PATH", help="PEM file with the certificate's private key")
    start.set_defaults(run=_guarded(_start))


def _add_user(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    create = verbs.add_parser("create", help="create a user, and a token file")
    create.add_argument("name", metavar="NAME")
    create.add_argument("--token", metavar="PATH", help="where to write a first token file")
    passwords = create.add_mutually_exclusive_group()
    passwords.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    passwords.add_argument("--no-password", action="store_true", help="no password: only tokens sign in")
    _add_base_url(create)
    _add_folder(create)
    create.set_defaults(run=_guarded(_create_user))

    token = verbs.add_parser("token", help="issue a further token")
    token.add_argument("name", metavar="NAME")
    token.add_argument("--out", metavar="PATH", required=True, help="where to write the token file")
    token.add_argument("--label", default="token", help="what the token is called in lists")
    _add_base_url(token)
    _add_folder(token)
    token.set_defaults(run=_guarded(_issue_token))

    tokens = verbs.add_parser("tokens", help="list a user's tokens, or revoke one")
    tokens.add_argument("name", metavar="NAME")
    tokens.add_argument("--revoke", metavar="ID", help="end this token at once")
    _add_folder(tokens)
    tokens.set_defaults(run=_guarded(_tokens))


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", metavar="PATH", help="data folder (default: the user's data directory)")


def _add_base_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base-url", metavar="URL", type=_url, help="the platform's address in the token file")


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} must start with http:// or https://")
    return text


def _guarded(command: Command) -> Command:
    """Turn what a command may foreseeably run into into one clear line and exit status 1."""

    def run(options: argparse.Namespace) -> int:
        try:
            from sqlalchemy.exc import OperationalError

            from voxel51.server.errors import ServiceError
            from voxel51.server.folder import FolderInUse
            from voxel51.server.settings import SettingError
        except ImportError as error:
            return _fail(f"this needs the server: pip install 'voxel51-platform[server]' ({error})")
        os.umask(0o077)  # whatever the platform writes is for its owner alone
        try:
            return command(options)
        except (ServiceError, SettingError, FolderInUse, OSError, RuntimeError) as error:
            return _fail(str(error))
        except UnicodeEncodeError:  # not quoted: it may be the password
            return _fail("a name, label or password holds bytes that are no text in this terminal's encoding")
        except OperationalError as error:
            return _fail(f"the database does not answer ({error.orig}); try again in a moment")

    return run


def _fail(message: str) -> int:
    print(f"voxel51: {message}", file=sys.stderr)
    return 1


def _start(options: argparse.Namespace) -> int:
    from voxel51.server.serve import serve

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    settings = _settings(options)
    serve(settings, lambda url: print(f"The platform is ready at {url}", flush=True))
    return 0


def _create_user(options: argparse.Namespace) -> int:
    accounts, settings = _accounts(options)
    with _token_file(options.token) as file:
        accounts.create_user(options.name, _password(options))
        print(f"Created user '{options.name}'")
        if file is not None:
            _write_token(accounts, settings, options, "first token", file)
    return 0


def _issue_token(options: argparse.Namespace) -> int:
    accounts, settings = _accounts(options)
    with _token_file(options.out) as file:
        assert file is not None  # noqa: S101  (--out is required)
        _write_token(accounts, settings, options, options.label, file)
    return 0


def _tokens(options: argparse.Namespace) -> int:
    accounts, _ = _accounts(options)
    if options.revoke:
        accounts.revoke_token(options.name, options.revoke)
        print(f"Revoked token '{options.revoke}'")
        return 0
    for token in accounts.list_tokens(options.name):
        ended = f"revoked {token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else "valid"
        print(f"{token.id}  {token.created_at:%Y-%m-%d %H:%M}  {ended}  {token.name}")
    return 0


def _settings(options: argparse.Namespace) -> "Settings":
    from voxel51.server.settings import Settings

    names = ("dir", "host", "port", "public_url", "job_url", "tls_certificate", "tls_key")
    return Settings.load(os.environ, {name: getattr(options, name, None) for name in names})


def _accounts(options: argparse.Namespace) -> "tuple[AccountService, Settings]":
    from voxel51.server.accounts.service import AccountService
    from voxel51.server.database.opening import open_database

    settings = _settings(options)
    return AccountService(open_database(settings)), settings


def _password(options: argparse.Namespace) -> str | None:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if options.no_password or not sys.stdin.isatty():
        return None
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise OSError("the two passwords differ; try again")
    return password


@contextmanager
def _token_file(path: str | None) -> Iterator[IO[str] | None]:
    """The file for a token, opened before anything else is done, and removed again when that fails."""
    if path is None:
        yield None
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = target.open("x", encoding="utf-8")
    except FileExistsError:
        raise OSError(f"{target} is there already; choose another path, or remove it first") from None
    try:
        with file:
            target.chmod(0o600)
            yield file
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _write_token(
    accounts: "AccountService", settings: "Settings", options: argparse.Namespace, label: str, file: IO[str]
) -> None:
    from voxel51.server.folder import running_url

    base_url = options.base_url or running_url(settings.folder) or settings.public_url
    base_url = base_url or f"{'https' if settings.tls_certificate else 'http'}://{settings.host}:{settings.port}"
    json.dump(accounts.issue_token(options.name, label, base_url.rstrip("/")), file, indent=4)
    file.write("\n")
    print(f"Wrote a token for {base_url} to {file.name}")
