"""``voxel51 worker``: join this machine to the cluster of a platform, and let it leave."""

import argparse
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client

if TYPE_CHECKING:
    from voxel51.runners.ray.membership import Member
    from voxel51.wire.overview import Worker

COLUMNS = ("name", "engine", "slots", "load", "state", "running")
TOKEN_VARIABLE = "VOXEL51_WORKER_TOKEN"  # noqa: S105  (the name of a variable)
_EXAMPLES = """\
  voxel51 worker token
  voxel51 worker start --head --address 10.0.0.1
  voxel51 worker start --address 10.0.0.1 --token-file token.txt
  voxel51 worker list
  voxel51 worker drain"""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    token = command(verbs, "token", _token, "print the token that machines need to join; on the platform's machine")
    token.add_argument("--dir", metavar="PATH", help="data folder of the platform (default: the user's)")
    start = command(verbs, "start", _start, "join this machine to a cluster, and stay until Ctrl-C or SIGTERM")
    start.add_argument("--address", metavar="HOST[:PORT]", required=True, help="head of the cluster (port: 6379)")
    start.add_argument("--token-file", metavar="PATH", help=f"file with the token (default: {TOKEN_VARIABLE})")
    start.add_argument("--head", action="store_true", help="be the head; the platform runs on the same machine")
    start.add_argument("--own-address", metavar="HOST", help="address at which the other machines reach this one")
    start.add_argument("--cpus", metavar="N", type=_count, help="slots for jobs (default: all processors; head: 0)")
    start.add_argument("--gpus", metavar="N", type=_count, help="GPUs for jobs (default: all)")
    start.add_argument("--ray-option", metavar="OPTION", action="append", default=[], help="option of `ray start`")
    command(verbs, "list", _list, "list the workers of a platform, with what each runs; for operators")
    drain = command(verbs, "drain", _drain, "let the worker on this machine finish its jobs and leave")
    for each in (start, drain):
        each.add_argument("--dir", metavar="PATH", help="folder of the worker (default: in the user's data directory)")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"invalid number {text!r}: it must be 0 or greater")
    return int(text)


def _token(options: argparse.Namespace) -> int:
    from voxel51.cli.server.shared import guarded

    def show(options: argparse.Namespace) -> int:
        from voxel51.cli.server.shared import settings
        from voxel51.server.worker_token import load_worker_token

        print(load_worker_token(settings(options).folder))
        return 0

    return guarded(show)(options)


def _start(options: argparse.Namespace) -> int:
    from voxel51.runners.ray.membership import Membership

    logging.getLogger("voxel51").setLevel(logging.INFO)
    member = _member(options)
    membership = Membership(member)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: membership.stop())
    role = "is the head of" if member.is_head else "joins"
    text = f"This machine {role} the cluster at {member.address}. Its folder is {member.folder}"
    membership.run(lambda: print(text, flush=True))
    return 0


def _member(options: argparse.Namespace) -> "Member":
    from voxel51.runners.ray.membership import DEFAULT_PORT, Member

    host, colon, port = options.address.rpartition(":")
    if not colon:
        host, port = options.address, str(DEFAULT_PORT)
    if not host or not port.isdecimal():
        raise ValueError(f"invalid address {options.address!r}: it must be HOST or HOST:PORT")
    return Member(
        address=f"{host}:{port}",
        token=_given_token(options),
        folder=_folder(options),
        is_head=options.head,
        own_address=options.own_address or "",
        cpus=0 if options.head and options.cpus is None else options.cpus,
        gpus=options.gpus,
        options=options.ray_option,
    )


def _given_token(options: argparse.Namespace) -> str:
    token = Path(options.token_file).read_text() if options.token_file else os.environ.get(TOKEN_VARIABLE, "")
    if not token.strip():
        raise ValueError(
            "no token given: use --token-file PATH, or set VOXEL51_WORKER_TOKEN. "
            "`voxel51 worker token`, on the platform's machine, prints it"
        )
    return token.strip()


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        workers = api.list_workers()
    printer.records([_row(worker) for worker in workers], COLUMNS)
    return printer.finish()


def _row(worker: "Worker") -> dict[str, object]:
    slots, load = worker["jobs"], worker["load"]
    return {
        "name": worker["name"],
        "engine": worker["engine"],
        "slots": f"{slots['used_slots']} of {slots['total_slots']} used",
        "load": "" if load is None else load[0],
        "running": " ".join(worker.get("running", [])),
        "state": worker["waiting_reason"] or "takes jobs",
    }


def _drain(options: argparse.Namespace) -> int:
    from voxel51.runners.ray.membership import drain

    drain(_folder(options), logging.getLogger("voxel51"))
    print("This machine has left the cluster")
    return 0


def _folder(options: argparse.Namespace) -> Path:
    if options.dir:
        return Path(options.dir).expanduser().absolute()
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "voxel51-worker"
