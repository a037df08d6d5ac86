# PYTHON_ARGCOMPLETE_OK
"""Entry point of the ``voxel51`` command: parse the arguments and run the command of the noun's module."""

import logging
import os
import sys
from collections.abc import Sequence

from voxel51.cli import analytics, auth, data, jobs, labels, run, status, weights
from voxel51.cli.parsing import Parser, add_commands
from voxel51.cli.server import commands as server
from voxel51.constants import VERSION_LONG

NOUNS = (auth, data, jobs, analytics, status, run, labels, weights, server)

_EXAMPLES = """\
  voxel51 auth activate api-token.json
  voxel51 run voxel51/object-tracks holiday.mp4 --out labels
  voxel51 server start"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status: 0 success, 1 failure, 2 invalid usage, 130 interrupted."""
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("voxel51").setLevel(logging.INFO)
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


def _fail(text: str) -> int:
    sys.stderr.write(f"voxel51: {text}\n")
    return 1


def build_parser() -> Parser:
    """Build the parser of all commands."""
    parser = Parser(
        prog="voxel51", description="Run analytics over videos: the platform and its client.", examples=_EXAMPLES
    )
    parser.add_argument("-v", "--version", action="version", version=VERSION_LONG)
    commands = add_commands(parser)
    for noun in NOUNS:
        noun.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
