"""What a group of commands does when none of them is named."""

import argparse
from collections.abc import Callable


def show_help(parser: argparse.ArgumentParser) -> Callable[[argparse.Namespace], int]:
    """A command that prints the help of ``parser``."""

    def run(_options: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    return run
