# PYTHON_ARGCOMPLETE_OK
"""Entry point of the ``voxel51`` command: parse the arguments and run the command of the noun's module."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from voxel51.cli.parsing import Parser, add_commands, all_parsers, noun

NOUNS: Mapping[str, tuple[str, str]] = {
    "auth": ("voxel51.cli.auth", "show and select the API token"),
    "data": ("voxel51.cli.data", "upload, list and download data"),
    "collections": ("voxel51.cli.collections", "collect data under a name, and share them"),
    "sources": ("voxel51.cli.sources", "make files in folders and buckets data without copying them"),
    "jobs": ("voxel51.cli.jobs", "submit, watch and download jobs"),
    "analytics": ("voxel51.cli.analytics", "list, describe and upload analytics"),
    "secrets": ("voxel51.cli.secrets", "store secrets, and grant them to analytics"),
    "status": ("voxel51.cli.status", "show the status of the platform"),
    "run": ("voxel51.cli.run", "run an analytic on videos: upload, run, download"),
    "batches": ("voxel51.cli.batches", "list, show, cancel and retry batches of jobs"),
    "pipelines": ("voxel51.cli.pipelines", "save, run and share pipelines of several analytics"),
    "schedules": ("voxel51.cli.schedules", "run batches at the times of cron expressions: create, show and pause them"),
    "rules": ("voxel51.cli.rules", "run analytics on each new video: create, show and pause such rules"),
    "watch": ("voxel51.cli.watch_folder", "upload each new video of a folder, and run analytics on it"),
    "labels": ("voxel51.cli.labels", "summarize, draw, convert, search and compare labels"),
    "reviews": ("voxel51.cli.reviews", "review the labels of jobs, and score analytics against reviews"),
    "datasets": ("voxel51.cli.datasets", "export the labels of many jobs as one dataset"),
    "weights": ("voxel51.cli.weights", "list, add and verify the model weights of a platform"),
    "worker": ("voxel51.cli.worker", "join this machine to the cluster of a platform"),
    "server": ("voxel51.cli.server.commands", "run a platform and manage its users and applications"),
}
"""Noun -> its module and summary. Modules are imported when their noun is used, so that the command starts quickly."""

_EXAMPLES = """\
  voxel51 auth activate api-token.json
  voxel51 run voxel51/object-tracks holiday.mp4 --out labels
  voxel51 server start"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0 success, 1 failure, 2 invalid usage, 130 interrupted."""
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:
        _complete(parser)
    options = parser.parse_args(arguments)
    _configure_log()
    try:
        result: int = options.run(options)
        sys.stdout.flush()  # here, where a closed pipe is handled, and not when the interpreter exits
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of the pipe, such as `head`, has exited
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except EOFError:
        return _fail("confirmation required, but standard input is closed; use --force to skip the confirmation")
    except Exception as error:
        if os.environ.get("VOXEL51_DEBUG"):
            raise
        return _fail(f"{error}" or type(error).__name__)
    else:
        return result


def _complete(parser: Parser) -> None:
    """Print what the shell asks for, and exit."""
    import argcomplete

    all_parsers(parser)  # argcomplete reads the commands and does not call the parsers of nouns
    argcomplete.autocomplete(parser)


def _configure_log() -> None:
    import logging

    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("voxel51").setLevel(logging.INFO)


class _ShowVersion(argparse.Action):
    """Prints the version, which takes as long to find as everything else that the help needs."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from voxel51.constants import VERSION_LONG

        print(VERSION_LONG)
        parser.exit()


def _fail(text: str) -> int:
    from voxel51.cli.printing import terminal_text

    sys.stderr.write(f"voxel51: {terminal_text(text, sys.stderr)}\n")
    return 1


def build_parser() -> Parser:
    """Build the parser of all commands."""
    parser = Parser(prog="voxel51", description="Run analytics over videos: the platform and its client.")
    parser.add_argument(
        "-v", "--version", action=_ShowVersion, default=argparse.SUPPRESS, help="show program's version number and exit"
    )
    commands = add_commands(parser, _EXAMPLES)
    for name, (module, summary) in NOUNS.items():
        noun(commands, name, module, summary)
    return parser


if __name__ == "__main__":
    sys.exit(main())
