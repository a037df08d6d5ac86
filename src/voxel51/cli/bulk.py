"""Bulk commands: apply one action to given records or to all applicable ones."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from voxel51.cli.printing import Printer, Record

Responses = Mapping[str, Record]

_YES, _NO = {"y", "ye", "yes"}, {"n", "no", ""}


@dataclass(frozen=True, slots=True)
class Bulk:
    """One bulk command.

    Attributes:
        action: the action in error messages, as in ``start job`` in ``Failed to start job``.
        found: the message with the number of applicable records, ``{n}``.
        done: the final message; ``{k}`` of ``{n}`` records were changed.
        all_ids: returns the ids of all applicable records.
        act: applies the action to ids and returns a response per id.
        is_announced: whether ``found`` is printed with ``--force`` too, as the original client's ``ttl`` commands do.
    """

    action: str
    found: str
    done: str
    all_ids: Callable[[], Sequence[str]]
    act: Callable[[Sequence[str]], Responses]
    is_announced: bool = False


def add_bulk_options(parser: argparse.ArgumentParser, noun: str) -> None:
    """Add the options of bulk commands."""
    parser.add_argument("ids", metavar="ID", nargs="*", help=f"id of {noun}")
    parser.add_argument("-a", "--all", action="store_true", help="apply to all applicable records")
    parser.add_argument("-f", "--force", action="store_true", help="do not ask for confirmation")
    parser.add_argument("--dry-run", action="store_true", help="print only the ids and change nothing")


def run_bulk(options: argparse.Namespace, bulk: Bulk) -> int:
    """Run a bulk command, print its result and return the exit status."""
    printer = Printer(options)
    ids = list(bulk.all_ids() if options.all else options.ids)
    if options.dry_run:
        if ids:
            printer.result("\n".join(ids), ids)
        return printer.finish()
    if options.all and (bulk.is_announced or not options.force):
        printer.remark(bulk.found.format(n=len(ids)))
    if options.all and not options.force and ids and not confirmed():
        return 0
    if not ids:
        return 0
    responses = bulk.act(ids)
    for record_id, response in responses.items():
        if not response["success"]:
            printer.failure(bulk.action, record_id, response["error"]["message"])
    done = [record_id for record_id, response in responses.items() if response["success"]]
    printer.result(bulk.done.format(k=len(done), n=len(ids)), done)
    return printer.finish()


def confirmed() -> bool:
    """Ask for confirmation until the answer is yes or no."""
    answer = input("Are you sure you want to continue? [y/N] ").strip().lower()
    while answer not in _YES | _NO:
        answer = input("Please respond with 'y[es]' or 'n[o]' ").strip().lower()
    return answer in _YES
