"""``voxel51 server pause``, ``resume``, ``limit`` and ``controls``: what of the queue may start."""

import argparse
import time
from typing import TYPE_CHECKING

from voxel51.cli.server.shared import add_folder, guarded, open_platform

if TYPE_CHECKING:
    from voxel51.server.scheduling.controls import ControlService, Subject

_POLL_SECONDS = 1.0


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    pause = verbs.add_parser(
        "pause", help="start no more jobs: of the whole queue, a user, an application, an analytic"
    )
    _add_subject(pause, scopes=("user", "application", "analytic"))
    pause.add_argument("--reason", metavar="TEXT", help="reason, which users see whose jobs wait")
    pause.add_argument("--drain", action="store_true", help="wait until the running jobs have ended")
    pause.set_defaults(run=guarded(_pause))
    resume = verbs.add_parser("resume", help="end a pause")
    _add_subject(resume, scopes=("user", "application", "analytic"))
    resume.set_defaults(run=guarded(_resume))
    limit = verbs.add_parser("limit", help="limit the jobs of an application or an analytic that run at once")
    _add_subject(limit, scopes=("application", "analytic"))
    limit.add_argument("--running-jobs", metavar="N", type=int, required=True, help="maximum number; 0 means unlimited")
    limit.set_defaults(run=guarded(_limit))
    listing = verbs.add_parser("controls", help="list the pauses and limits of the queue")
    add_folder(listing)
    listing.set_defaults(run=guarded(_list))


def _add_subject(parser: argparse.ArgumentParser, scopes: tuple[str, ...]) -> None:
    group = parser.add_mutually_exclusive_group(required=len(scopes) == 2)
    for scope in scopes:
        group.add_argument(f"--{scope}", metavar="NAME", help=f"name of the {scope}")
    add_folder(parser)


def _open(options: argparse.Namespace) -> "tuple[ControlService, Subject]":
    from voxel51.server.scheduling.controls import ControlService

    controls = ControlService(open_platform(options))
    names = {scope: getattr(options, scope, None) for scope in ("user", "application", "analytic")}
    scope, name = next(((scope, name) for scope, name in names.items() if name is not None), ("queue", None))
    return controls, controls.subject(scope, name)


def _pause(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.audit import COMMAND_LINE

    controls, subject = _open(options)
    controls.pause(COMMAND_LINE, subject, options.reason)
    print(f"Paused {subject}. Running jobs go on.")
    while options.drain and (count := controls.active_jobs(subject)):
        print(f"{count} job{'' if count == 1 else 's'} running", flush=True)
        while controls.active_jobs(subject) == count:
            time.sleep(_POLL_SECONDS)
    if options.drain:
        print("No job is running")
    return 0


def _resume(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.audit import COMMAND_LINE

    controls, subject = _open(options)
    controls.resume(COMMAND_LINE, subject)
    print(f"Resumed {subject}")
    return 0


def _limit(options: argparse.Namespace) -> int:
    from voxel51.server.accounts.audit import COMMAND_LINE

    controls, subject = _open(options)
    controls.limit(COMMAND_LINE, subject, options.running_jobs)
    print(f"Running jobs of {subject}: {options.running_jobs or 'unlimited'}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from voxel51.server.scheduling.controls import ControlService

    for control in ControlService(open_platform(options)).all()["controls"]:
        reason = f": {control['reason']}" if control["reason"] else ""
        states = [f"paused{reason}"] if control["paused"] else []
        states += [] if control["running_jobs"] is None else [f"at most {control['running_jobs']} running jobs"]
        print(f"{control['scope']} {control['name']}".rstrip() + f": {', '.join(states)}")
    return 0
