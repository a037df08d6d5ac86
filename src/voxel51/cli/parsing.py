"""Argument parsing: argparse parsers with examples in their help, and options that all commands share."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Self

from voxel51.cli.suggestions import did_you_mean

Run = Callable[[argparse.Namespace], int]
Commands = Any
"""The return type of ``add_subparsers``; its class is private to argparse."""

NEW_OPTIONS = frozenset(
    {
        "--json",
        "--quiet",
        "--profile",
        "--strict",
        "--format",
        "--out",
        "--fresh",
        "--classes",
        "--facts",
        "--priority",
        "--deadline",
        "--not-before",
        "--retries",
        "--reason",
        "--follow",
    }
)
"""Options that the original client does not have. Abbreviations never match them: ``--p`` stays ``--path``."""


class Parser(argparse.ArgumentParser):
    """A parser whose help keeps the layout of examples, with colours on terminals.

    With ``fill``, which declares its arguments, they are declared when the parser is used first.
    """

    def __init__(
        self, *arguments: Any, examples: str = "", fill: Callable[["Parser"], None] | None = None, **options: Any
    ) -> None:
        options.setdefault("formatter_class", _formatter())
        super().__init__(*arguments, **options)
        self._fill = fill
        self.show_examples(examples)

    def show_examples(self, examples: str) -> None:
        """Show ``examples`` at the end of the help."""
        self.epilog = f"examples:\n{examples}" if examples else None

    def filled(self) -> Self:
        """Return this parser, with its arguments declared."""
        fill, self._fill = self._fill, None
        if fill is not None:
            fill(self)
        return self

    def parse_known_args(self, *arguments: Any, **options: Any) -> Any:
        """Declare the arguments, then parse."""
        return super(Parser, self.filled()).parse_known_args(*arguments, **options)

    def format_help(self) -> str:
        """Declare the arguments, then format the help."""
        return super(Parser, self.filled()).format_help()

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Reject an unknown command or choice, with a suggestion if it looks misspelt."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += did_you_mean(str(value), map(str, action.choices or ()))
            raise

    def _get_option_tuples(self, option_string: str) -> list[Any]:
        found: list[Any] = super()._get_option_tuples(option_string)
        return [each for each in found if each[1] not in NEW_OPTIONS]


class _PrintAllHelp(argparse.Action):
    """Prints the help of a parser and of all its subcommands."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        for each in all_parsers(parser):
            print(each.format_help())
        parser.exit()


def show_help(parser: argparse.ArgumentParser) -> Run:
    """Return a command that prints the help of ``parser``."""

    def run(_options: argparse.Namespace) -> int:
        parser.print_help()
        return 0

    return run


def noun(commands: Commands, name: str, module: str, summary: str) -> None:
    """Add a noun. Its ``module`` is imported when the noun is used first: ``fill(parser)`` declares its commands."""
    commands.add_parser(
        name,
        help=summary,
        description=_sentence(summary),
        fill=lambda parser: import_module(module).fill(parser),
    )


def add_commands(parser: Parser, examples: str = "") -> Commands:
    """Add subcommands to a parser and return the object to add them to. Without a command, the parser prints its
    help.
    """
    parser.show_examples(examples)
    parser.add_argument(
        "--all-help", action=_PrintAllHelp, default=argparse.SUPPRESS, help="show the help of all commands and exit"
    )
    parser.set_defaults(run=show_help(parser))
    return parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)


def command(commands: Commands, name: str, run: Run, summary: str, examples: str = "") -> Parser:
    """Add a command with the options that all client commands share."""
    parser: Parser = commands.add_parser(name, help=summary, description=_sentence(summary))
    return client_command(parser, run, examples)


def client_command(parser: Parser, run: Run, examples: str = "") -> Parser:
    """Make a parser that of a client command, with the options that all of them share."""
    parser.show_examples(examples)
    more = parser.add_argument_group("common options")
    more.add_argument("--json", action="store_true", help="print the result as one JSON document")
    more.add_argument("--quiet", action="store_true", help="print only results, no remarks")
    more.add_argument("--strict", action="store_true", help="exit with status 1 if a single record failed")
    more.add_argument("--profile", metavar="NAME", help="use this profile's token; see `voxel51 auth --help`")
    parser.set_defaults(run=run)
    return parser


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def all_parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Return a parser and the parsers of all its subcommands, with their arguments declared."""
    if isinstance(parser, Parser):
        parser.filled()
    below = [each for action in parser._actions if isinstance(action, argparse._SubParsersAction)
             for each in dict.fromkeys(action.choices.values())]  # fmt: skip
    return [parser, *(one for each in below for one in all_parsers(each))]


def _formatter() -> type[argparse.HelpFormatter]:
    """Return the help formatter: with colours on terminals if the extra ``cli`` is installed."""
    if sys.stdout.isatty():
        try:
            from rich_argparse import RawDescriptionRichHelpFormatter
        except ModuleNotFoundError:
            return argparse.RawDescriptionHelpFormatter
        return RawDescriptionRichHelpFormatter
    return argparse.RawDescriptionHelpFormatter
