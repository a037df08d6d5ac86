"""``voxel51 secrets``: store secrets, and grant them to analytics."""

import argparse
import getpass
import sys
from pathlib import Path

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client

COLUMNS = ("name", "analytics", "change_date")
_EXAMPLES = """\
  voxel51 secrets set hub_token --analytic alice/red-cars
  voxel51 secrets set hub_token --from token.txt
  voxel51 secrets list
  voxel51 secrets delete hub_token"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    command(verbs, "list", _list, "list your secrets, and the analytics that may use each")
    store = command(verbs, "set", _set, "store a secret, or change the analytics that may use it")
    store.add_argument("name", metavar="NAME", help="name, as the manifests of analytics have it")
    store.add_argument("--from", metavar="PATH", dest="path", help="read the value from this file; - is standard input")
    store.add_argument("--analytic", metavar="NAME", action="append", help="analytic that may use it; replaces others")
    store.add_argument("--keep-value", action="store_true", help="change only the analytics that may use it")
    delete = command(verbs, "delete", _delete, "delete secrets")
    delete.add_argument("names", metavar="NAME", nargs="+", help="name of a secret")


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        secrets = api.list_secrets()
    printer.records([{**each, "analytics": ", ".join(each["analytics"])} for each in secrets], COLUMNS)
    return printer.finish()


def _set(options: argparse.Namespace) -> int:
    printer = Printer(options)
    value = None if options.keep_value else _value(options)
    with client(options) as api:
        secret = api.set_secret(options.name, value, options.analytic)
    users = ", ".join(secret["analytics"]) or "no analytic yet. Grant it with --analytic NAME --keep-value"
    printer.result(f"Secret '{secret['name']}' stored. It may be used by {users}", secret)
    return printer.finish()


def _value(options: argparse.Namespace) -> str:
    """Return the value from a file, from standard input, or from a prompt that does not show it."""
    if options.path is not None:
        text = sys.stdin.read() if options.path == "-" else Path(options.path).read_text()
        return text.removesuffix("\n")
    if not sys.stdin.isatty():
        raise ValueError("no value given: use --from PATH, --from - for standard input, or --keep-value")
    return getpass.getpass(f"Value of '{options.name}': ")


def _delete(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        for name in options.names:
            api.delete_secret(name)
            printer.remark(f"Secret '{name}' deleted")
    if options.json:
        printer.result("", options.names)
    return printer.finish()
