"""How the command line is read: argparse, with help that shows examples, and options that are new here."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from voxel51.cli.help import show_help

Run = Callable[[argparse.Namespace], int]
Commands = Any
"""What ``add_subparsers`` returns; its class is argparse's own affair."""

NEW_OPTIONS = frozenset({"--json", "--quiet", "--profile", "--strict", "--format", "--out"})
"""Options that old scripts do not know. They are never meant by shortened ones: ``--p`` stays ``--path``."""


class Parser(argparse.ArgumentParser):
    """A parser whose help keeps the layout of examples, in colours where somebody looks at it."""

    def __init__(self, *arguments: Any, examples: str = "", **options: Any) -> None:
        options.setdefault("formatter_class", _formatter())
        options.setdefault("epilog", f"examples:\n{examples}" if examples else None)
        super().__init__(*arguments, **options)

    def _get_option_tuples(self, option_string: str) -> list[Any]:
        found: list[Any] = super()._get_option_tuples(option_string)
        return [each for each in found if each[1] not in NEW_OPTIONS]


class _ShowAll(argparse.Action):
    """Prints the help of a parser and of all below it."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        for each in tree(parser):
            print(each.format_help())
        parser.exit()


def group(commands: Commands, name: str, summary: str, examples: str = "") -> Commands:
    """Add a group of commands; without one of them it prints its help. Returns what commands are added to."""
    parser = commands.add_parser(name, help=summary, description=_sentence(summary), examples=examples)
    return add_commands(parser)


def add_commands(parser: argparse.ArgumentParser) -> Commands:
    """Make a parser one of commands."""
    parser.add_argument(
        "--all-help", action=_ShowAll, default=argparse.SUPPRESS, help="show the help of all commands, and exit"
    )
    parser.set_defaults(run=show_help(parser))
    return parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)


def command(commands: Commands, name: str, run: Run, summary: str, examples: str = "") -> argparse.ArgumentParser:
    """Add a command of the client."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=_sentence(summary), examples=examples
    )
    more = parser.add_argument_group("everywhere")
    more.add_argument("--json", action="store_true", help="print the result as one JSON document")
    more.add_argument("--quiet", action="store_true", help="print results alone, no remarks")
    more.add_argument("--strict", action="store_true", help="fail (exit status 1) if any part failed")
    more.add_argument("--profile", metavar="NAME", help="use the token of this profile; see `voxel51 auth --help`")
    parser.set_defaults(run=run)
    return parser


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def tree(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """A parser, and those of all commands below it."""
    below = [each for action in parser._actions if isinstance(action, argparse._SubParsersAction)
             for each in dict.fromkeys(action.choices.values())]  # fmt: skip
    return [parser, *(one for each in below for one in tree(each))]


def _formatter() -> Any:
    """How help is laid out. Colours come with the extra ``cli``, and on terminals alone."""
    if sys.stdout.isatty():
        try:
            from rich_argparse import RawDescriptionRichHelpFormatter
        except ModuleNotFoundError:
            return argparse.RawDescriptionHelpFormatter
        return RawDescriptionRichHelpFormatter
    return argparse.RawDescriptionHelpFormatter
