"""``voxel51 run`` on data of the platform: estimate a batch, create it, and wait until it ends."""

import argparse

from voxel51.cli.batches import description, exit_status, wait_for
from voxel51.cli.parameters import read_parameters, with_uploads
from voxel51.cli.printing import Printer, human_size
from voxel51.cli.scheduling import scheduling_of
from voxel51.users.api import API
from voxel51.users.batch_flows import Videos
from voxel51.users.query import DataQuery
from voxel51.wire.analytics import AnalyticDocument, AnalyticRecord
from voxel51.wire.job_batches import BatchEstimate

_SECONDS_PER_MINUTE = 60


def add_batch_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that select data of the platform."""
    group = parser.add_argument_group("data of the platform", "run on data of the platform, as a batch, without files")
    group.add_argument("--data", metavar="ID", nargs="+", help="ids of data")
    group.add_argument("--query", metavar="SEARCH", help="search of the data list, such as name:street,type:video")
    group.add_argument("--collection", metavar="NAME", help="videos of this collection (name or id)")
    group.add_argument("--max-running", metavar="N", type=int, help="jobs that are queued or run at once (default: 20)")
    group.add_argument("--estimate", action="store_true", help="show the size of the batch, and do not run it")
    group.add_argument("--no-wait", action="store_true", help="create the batch and do not wait for its end")


def is_batch(options: argparse.Namespace) -> bool:
    """Return whether the command selects data of the platform instead of files.

    Raises:
        ValueError: it selects both, or neither.
    """
    selected = [each is not None for each in (options.data, options.query, options.collection)]
    if sum([bool(options.videos), *selected]) != 1:
        raise ValueError("specify either videos, or one of --data ID, --query SEARCH and --collection NAME")
    if options.videos and (options.estimate or options.no_wait or options.max_running):
        raise ValueError("--estimate, --no-wait and --max-running need --data, --query or --collection")
    return not options.videos


def run_batch(
    options: argparse.Namespace, api: API, printer: Printer, analytic: AnalyticRecord, document: AnalyticDocument
) -> int:
    """Run the analytic on the selected data, and return the exit status."""
    videos = _selection(options, api)
    parameters = with_uploads(api, read_parameters(options.param, document))
    given = {"version": analytic["version"], "fresh": options.fresh}
    estimate = api.estimate_batch(analytic["name"], videos, parameters, **given)
    if options.estimate:
        printer.result(estimate_text(estimate), estimate)
        return printer.finish()
    printer.remark(estimate_text(estimate))
    batch = api.run_batch(
        analytic["name"],
        videos,
        parameters,
        max_running=options.max_running,
        scheduling=scheduling_of(options),
        **given,
    )
    printer.remark(f"Batch '{batch['id']}' created")
    if not options.no_wait:
        batch = wait_for(api, batch["id"], printer)
    printer.result(description(batch), batch)
    return printer.finish() or (0 if options.no_wait else exit_status(batch))


def _selection(options: argparse.Namespace, api: API) -> Videos:
    if options.collection is not None:
        return api.collection(options.collection)
    return options.data if options.data is not None else DataQuery().add_search_direct(options.query)


def estimate_text(estimate: BatchEstimate) -> str:
    """Return an estimate as text."""
    parts = [f"{estimate['items']} items on {estimate['videos']} videos, {human_size(estimate['bytes'])}"]
    if estimate["seconds"] is not None:
        parts.append(f"about {estimate['seconds'] / _SECONDS_PER_MINUTE:.1f} minutes and {estimate['frames']} frames")
    if estimate["reusable"]:
        parts.append(f"{estimate['reusable']} results exist already")
    if estimate["processing_seconds"] is not None:
        parts.append(f"about {estimate['processing_seconds']:.0f} seconds of processing")
    return "; ".join(parts)
