"""Helpers of the ``voxel51 server`` commands: data folder, settings, token files and error handling."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from voxel51.wire.accounts import Scope

if TYPE_CHECKING:
    from voxel51.server.accounts.callers import Caller
    from voxel51.server.database.database import Database
    from voxel51.server.settings import Settings
    from voxel51.wire.accounts import TokenRecord

Command = Callable[[argparse.Namespace], int]
Find = Callable[["Database", str], "Caller"]
"""Finds a user or an application by name."""

SCOPES = tuple(Scope)


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the option for the data folder."""
    parser.add_argument("--dir", metavar="PATH", help="data folder (default: the user's data directory)")


def add_base_url(parser: argparse.ArgumentParser) -> None:
    """Add the option for the address in token files."""
    parser.add_argument("--base-url", metavar="URL", type=_url, help="address of the platform in the token file")


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"invalid URL {text!r}: it must start with http:// or https://")
    return text


def guarded(command: Command) -> Command:
    """Wrap a command so that expected errors print one line and return exit status 1."""

    def run(options: argparse.Namespace) -> int:
        try:
            from voxel51.server.data_folder import FolderInUse
            from voxel51.server.errors import ServiceError
            from voxel51.server.settings import SettingError
        except ImportError as error:
            return fail(f"this needs the server: pip install 'voxel51-platform[server]' ({error})")
        before = os.umask(0o077)  # files of the platform are readable only by its user
        try:
            return command(options)
        except BrokenPipeError:  # the reader of the pipe has exited: `main` ends quietly
            raise
        except (ServiceError, SettingError, FolderInUse, OSError, RuntimeError) as error:
            return fail(str(error))
        except UnicodeEncodeError:  # not quoted: it may be the password
            return fail("a name, label or password contains bytes that are invalid in the terminal's encoding")
        finally:
            os.umask(before)

    return run


def fail(message: str) -> int:
    """Print an error and return exit status 1."""
    print(f"voxel51: {message}", file=sys.stderr)
    return 1


def settings(options: argparse.Namespace) -> "Settings":
    """Load the settings of the selected platform."""
    from voxel51.server.settings import Settings

    addresses = ("host", "port", "public_url", "job_url", "ray_address", "tls_certificate", "tls_key")
    names = ("dir", *addresses, "workers", "engine", "slurm_partition", "slurm_account")
    given = {name: getattr(options, name, None) for name in names}
    # Other commands have the option --role of a user.
    return Settings.load(os.environ, {**given, "role": getattr(options, "process_role", None)})


@contextmanager
def token_file(path: str | None) -> Iterator[IO[str] | None]:
    """Create the token file before any other action, and remove it if the action fails."""
    if path is None:
        yield None
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = target.open("x", encoding="utf-8")
    except FileExistsError:
        raise OSError(f"file already exists: {target}. Choose another path, or delete the file first.") from None
    try:
        with file:
            target.chmod(0o600)
            yield file
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def open_platform(options: argparse.Namespace) -> "Database":
    """Open the database of the selected platform."""
    from voxel51.server.database.opening import open_database

    return open_database(settings(options))


def known_url(present: "Settings") -> str | None:
    """Return the public address: of the running platform, otherwise from the settings; None if unknown."""
    from voxel51.server.data_folder import running_url

    return running_url(present.folder) or present.public_url.rstrip("/") or None


def write_token(database: "Database", holder: "Caller", options: argparse.Namespace, label: str, file: IO[str]) -> None:
    """Issue a token for ``holder`` and write it to ``file``, with the address of the platform in this folder."""
    from voxel51.server.accounts.audit import COMMAND_LINE
    from voxel51.server.accounts.tokens import TokenService, token_spec

    present = settings(options)
    known = options.base_url or known_url(present)
    base_url = known or f"{'https' if present.tls_certificate else 'http'}://{present.host}:{present.port}"
    scopes = None if options.scope is None else [Scope(name) for name in options.scope]
    spec = token_spec(label, scopes, options.days)
    json.dump(TokenService(database).issue(COMMAND_LINE, holder, spec, base_url.rstrip("/")), file, indent=4)
    file.write("\n")
    print(f"Wrote a token for {base_url} to {file.name}")
    if known is None:
        print(
            f"No platform is running in {present.folder}, so this address comes from the settings. If the platform "
            "will listen elsewhere, start it first, or name its address with --base-url.",
            file=sys.stderr,
        )


def print_tokens(tokens: "Sequence[TokenRecord]") -> None:
    """Print one line per token."""
    for token in tokens:
        dates = {
            name: (token[name] or "")[:16].replace("T", " ") for name in ("created_at", "expires_at", "revoked_at")
        }
        state = f"until {dates['expires_at']}" if token["expires_at"] else "valid"
        state = f"revoked {dates['revoked_at']}" if token["revoked_at"] else state
        used = f"used {token['last_used_at'][:16].replace('T', ' ')}" if token["last_used_at"] else "never used"
        print(f"{token['id']}  {dates['created_at']}  {state}  {used}  {','.join(token['scopes'])}  {token['name']}")


def add_token_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for scopes and expiration of a token."""
    scope_help = f"scope of the token: {', '.join(SCOPES)}; may be repeated (default: all but monitor and administer)"
    parser.add_argument("--scope", metavar="SCOPE", action="append", choices=SCOPES, help=scope_help)
    parser.add_argument("--days", metavar="N", type=float, help="days until it expires (default: never)")
    add_base_url(parser)


def add_token_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", whose: str, find: Find) -> None:
    """Add the commands that issue, list and revoke the tokens of a user or an application."""

    def issue(options: argparse.Namespace) -> int:
        database = open_platform(options)
        with token_file(options.out) as file:
            assert file is not None  # noqa: S101  (--out is required)
            write_token(database, find(database, options.name), options, options.label, file)
        return 0

    def manage(options: argparse.Namespace) -> int:
        from voxel51.server.accounts.audit import COMMAND_LINE
        from voxel51.server.accounts.tokens import TokenService

        database = open_platform(options)
        tokens, holder = TokenService(database), find(database, options.name)
        if options.revoke:
            tokens.revoke(COMMAND_LINE, holder, options.revoke)
            print(f"Revoked token '{options.revoke}'")
        else:
            print_tokens(tokens.all(holder))
        return 0

    token = verbs.add_parser("token", help="issue a token")
    token.add_argument("name", metavar="NAME")
    token.add_argument("--out", metavar="PATH", required=True, help="path of the token file")
    token.add_argument("--label", default="token", help="name of the token in lists")
    add_token_options(token)
    add_folder(token)
    token.set_defaults(run=guarded(issue))

    tokens = verbs.add_parser("tokens", help=f"list {whose} tokens, or revoke one")
    tokens.add_argument("name", metavar="NAME")
    tokens.add_argument("--revoke", metavar="ID", help="revoke this token")
    add_folder(tokens)
    tokens.set_defaults(run=guarded(manage))
