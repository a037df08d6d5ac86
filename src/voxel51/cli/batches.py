"""``voxel51 batches``: list, show, watch and change batches of jobs."""

import argparse
from collections.abc import Callable, Mapping
from itertools import islice

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, local_time
from voxel51.cli.profiles import client
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.wire.job_batches import BatchItem, BatchItemState, JobBatch

_EXAMPLES = """\
  voxel51 run voxel51/object-tracks --query type:video --param confidence=0.6
  voxel51 batches list
  voxel51 batches show ID --items --state FAILED
  voxel51 batches retry ID"""

_LIST_COLUMNS = ("id", "name", "state", "items", "done", "failed", "created_date")
_ITEM_COLUMNS = ("number", "filename", "set", "state", "seconds", "labels", "job_id", "message")

_CHANGES: Mapping[str, tuple[Callable[[API, str], JobBatch], str, str]] = {
    "pause": (API.pause_batch, "paused", "pause batches: they start no more jobs"),
    "resume": (API.resume_batch, "resumed", "resume paused batches"),
    "cancel": (API.cancel_batch, "cancelled", "cancel batches and their jobs"),
    "retry": (API.retry_batch, "started again", "run the failed and cancelled items of batches again"),
    "archive": (API.archive_batch, "archived", "archive batches that have ended"),
    "unarchive": (API.unarchive_batch, "unarchived", "unarchive batches"),
}
"""Verb -> the call, its past participle, and the summary."""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    listing = command(verbs, "list", _list, "list your batches, the newest first")
    listing.add_argument("--archived", action="store_true", help="list archived batches instead")
    listing.add_argument("-l", "--limit", metavar="LIMIT", type=int, help="maximum number of batches")
    show = command(verbs, "show", _show, "show a batch, or its items")
    show.add_argument("id", metavar="ID", help="id of a batch")
    show.add_argument("--items", action="store_true", help="show the items, with the labels that each found")
    show.add_argument("--state", choices=[*BatchItemState], help="show only items in this state")
    wait = command(verbs, "wait", _wait, "wait until a batch has ended; exit with status 1 if an item has no result")
    wait.add_argument("id", metavar="ID", help="id of a batch")
    for verb, (_, _, summary) in _CHANGES.items():
        change = command(verbs, verb, _change, summary)
        change.add_argument("ids", metavar="ID", nargs="+", help="id of a batch")
        change.set_defaults(verb=verb)


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        batches = [*islice(api.iter_batches(options.archived), options.limit)]
    shown = [{**batch, **_summary(batch), "created_date": local_time(batch["created_date"])} for batch in batches]
    printer.records([*batches] if options.json else shown, _LIST_COLUMNS)
    return printer.finish()


def _summary(batch: JobBatch) -> dict[str, int]:
    counts = batch["counts"]
    return {"done": counts["complete"] + counts["reused"], "failed": counts["failed"]}


def _show(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        if options.items or options.state:
            items = [*api.iter_batch_items(options.id, options.state, labels=True)]
            printer.records([*items] if options.json else [*map(_item_row, items)], _ITEM_COLUMNS)
        else:
            batch = api.get_batch(options.id)
            printer.result(description(batch), batch)
    return printer.finish()


def _item_row(item: BatchItem) -> dict[str, object]:
    labels = ", ".join(f"{label} {count}" for label, count in item.get("labels", {}).items())
    return {**item, "set": item["parameter_set"] + 1, "seconds": item["run_seconds"], "labels": labels}


def description(batch: JobBatch) -> str:
    """Return the batch as text: what it runs, and how far it is."""
    counts = ", ".join(f"{count} {state}" for state, count in batch["counts"].items() if count)
    sets = "" if len(batch["parameter_sets"]) == 1 else f", {len(batch['parameter_sets'])} parameter sets"
    return f"{batch['name']} ({batch['id']}): {batch['state']}\n{batch['analytic']}@{batch['version']}{sets}\n{counts}"


def _wait(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        batch = wait_for(api, options.id, printer)
    printer.result(description(batch), batch)
    return printer.finish() or exit_status(batch)


def wait_for(api: API, batch_id: str, printer: Printer) -> JobBatch:
    """Wait until a batch has ended, and print its counts whenever they change."""
    last = ""

    def show(batch: JobBatch) -> None:
        nonlocal last
        text = ", ".join(f"{count} {state}" for state, count in batch["counts"].items() if count)
        if text != last:
            printer.remark(text)
        last = text

    return api.wait_for_batch(batch_id, progress=show)


def exit_status(batch: JobBatch) -> int:
    """Return 0 if all items of a batch have a result, and 1 otherwise."""
    done = batch["counts"]["complete"] + batch["counts"]["reused"]
    return 0 if done == batch["items"] else 1


def _change(options: argparse.Namespace) -> int:
    printer = Printer(options)
    act, done, _ = _CHANGES[options.verb]
    changed = []
    with client(options) as api:
        for batch_id in options.ids:
            try:
                changed.append(act(api, batch_id))
            except APIError as error:
                printer.failure(f"{options.verb} batch", batch_id, str(error))
                continue
            printer.remark(f"Batch '{batch_id}' {done}")
    if options.json:
        printer.result("", changed)
    return printer.finish()
