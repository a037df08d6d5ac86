"""The command ``voxel51``: finds the noun, and leaves the rest to its file."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from voxel51.cli.help import show_help
from voxel51.cli.server import noun as server


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        return 130
    else:
        return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="voxel51", description="Run analytics over videos: the platform and its client."
    )
    parser.add_argument("-v", "--version", action="version", version=f"voxel51-platform {version('voxel51-platform')}")
    parser.set_defaults(run=show_help(parser))
    server.add_to(parser.add_subparsers(title="commands", metavar="COMMAND"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
