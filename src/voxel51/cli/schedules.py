"""``voxel51 schedules``: run batches at the times of cron expressions; list, show, change and pause such schedules."""

import argparse
from collections.abc import Callable, Mapping

from voxel51.cli.parameters import read_parameters, with_uploads
from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.pipelines import PIPELINE, read_pipeline_parameters
from voxel51.cli.printing import Printer, local_time
from voxel51.cli.profiles import client
from voxel51.cli.scheduling import add_scheduling_options, scheduling_of
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.users.batch_flows import BatchOptions, Videos
from voxel51.users.query import DataQuery
from voxel51.users.scheduled_work import scheduled_batch, scheduled_pipeline
from voxel51.wire.schedules import (
    DEFAULT_TIME_ZONE,
    MissedRuns,
    Schedule,
    ScheduleChanges,
    ScheduledWork,
    ScheduleRun,
)

_EXAMPLES = """\
  voxel51 schedules create voxel51/object-tracks --cron '0 3 * * *' --time-zone Europe/Berlin --collection junction
  voxel51 schedules create voxel51/shot-detection --cron '0 6 * * MON' --query type:video --param threshold=25
  voxel51 schedules show ID --runs
  voxel51 schedules change ID --cron '30 4 * * *'
  voxel51 schedules pause ID"""

_LIST_COLUMNS = ("id", "name", "state", "cron", "time_zone", "next_date", "last_run", "message")
_RUN_COLUMNS = ("due_date", "state", "batch", "pipeline", "work_state", "message")
_CHANGED = ("cron", "time_zone", "missed_runs", "name")

_ACTIONS: Mapping[str, tuple[Callable[[API, str], Schedule | None], str, str]] = {
    "pause": (API.pause_schedule, "paused", "pause schedules: they run nothing"),
    "resume": (API.resume_schedule, "resumed", "resume paused schedules"),
    "delete": (API.delete_schedule, "deleted", "delete schedules; what they started stays"),
}
"""Verb -> the call, its past participle, and the summary."""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    create = command(verbs, "create", _create, "run an analytic or a pipeline at the times of a cron expression")
    create.add_argument("analytic", metavar="ANALYTIC", nargs="?", help="full name of an analytic, or NAME@VERSION")
    create.add_argument("--pipeline", metavar="PIPELINE", help=f"{PIPELINE}, instead of an analytic")
    create.add_argument("--param", metavar="NAME=VALUE", action="append", default=[],
                        help="parameter of the analytic; @PATH uploads a file")  # fmt: skip
    videos = create.add_mutually_exclusive_group(required=True)
    videos.add_argument("--collection", metavar="COLLECTION", help="your videos in this collection at each time")
    videos.add_argument("--query", metavar="SEARCH", help="what this search of the data list finds at each time")
    videos.add_argument("--data", metavar="ID", nargs="+", help="ids of data")
    create.add_argument("--max-running", metavar="N", type=int, help="jobs that are queued or run at once")
    create.add_argument("--fresh", action="store_true", help="compute again what has been computed already")
    add_scheduling_options(create)
    _add_times(create, is_required=True)
    command(verbs, "list", _list, "list your schedules, the newest first")
    show = command(verbs, "show", _show, "show a schedule, or its runs")
    show.add_argument("id", metavar="ID", help="id of a schedule")
    show.add_argument("--runs", action="store_true", help="show the last 100 runs")
    change = command(verbs, "change", _change, "change the times or the name of a schedule")
    change.add_argument("id", metavar="ID", help="id of a schedule")
    _add_times(change, is_required=False)
    for verb, (_, _, summary) in _ACTIONS.items():
        act = command(verbs, verb, _act, summary)
        act.add_argument("ids", metavar="ID", nargs="+", help="id of a schedule")
        act.set_defaults(verb=verb)


def _add_times(parser: argparse.ArgumentParser, *, is_required: bool) -> None:
    parser.add_argument("--cron", metavar="EXPRESSION", required=is_required,
                        help="minute, hour, day, month and day of the week, such as '0 3 * * *'")  # fmt: skip
    parser.add_argument("--time-zone", metavar="NAME", help="time zone, such as Europe/Berlin (default: UTC)")
    parser.add_argument("--missed-runs", choices=[*MissedRuns], help="after the platform was down (default: run_once)")
    parser.add_argument("--name", metavar="NAME", help="name of the schedule (default: the cron expression)")


def _create(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        schedule = api.create_schedule(
            options.cron,
            _work(api, options),
            time_zone=options.time_zone or DEFAULT_TIME_ZONE,
            missed_runs=options.missed_runs or MissedRuns.RUN_ONCE,
            name=options.name,
        )
    printer.result(f"Schedule '{schedule['id']}' created: {_sentence(schedule)}", schedule)
    return printer.finish()


def _work(api: API, options: argparse.Namespace) -> ScheduledWork:
    if (options.analytic is None) == (options.pipeline is None):
        raise ValueError("specify either an analytic or --pipeline")
    videos: Videos = options.data or ()
    if options.collection is not None:
        videos = api.collection(options.collection)
    elif options.query is not None:
        videos = DataQuery().add_search_direct(options.query)
    if options.pipeline is not None:
        if options.max_running is not None:
            raise ValueError("--max-running is for analytics; a pipeline runs on all its videos at once")
        return scheduled_pipeline(
            api.find_pipeline(options.pipeline),
            videos,
            read_pipeline_parameters(options.param) or None,
            fresh=options.fresh,
            scheduling=scheduling_of(options),
        )
    name, _, version = options.analytic.partition("@")
    given: BatchOptions = {
        "version": version or None,
        "max_running": options.max_running,
        "fresh": options.fresh,
        "scheduling": scheduling_of(options),
    }
    parameters = None
    if options.param:
        document = api.get_analytic_doc(api.get_analytic_id(name, version or None))
        parameters = with_uploads(api, read_parameters(options.param, document))
    return scheduled_batch(name, videos, parameters, **given)


def _sentence(schedule: Schedule) -> str:
    run = schedule["run"]
    what = run["batch"]["analytic"] if "batch" in run else f"pipeline {run.get('pipeline', {}).get('pipeline', '')}"
    return f"{what} at '{schedule['cron']}' {schedule['time_zone']}, {_next(schedule)}"


def _next(schedule: Schedule) -> str:
    return "paused" if schedule["next_date"] is None else f"next {local_time(schedule['next_date'])}"


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_schedules()
    printer.records([*found] if options.json else [*map(_row, found)], _LIST_COLUMNS)
    return printer.finish()


def _row(schedule: Schedule) -> dict[str, object]:
    last = schedule["last_run"]
    return {
        **schedule,
        "next_date": local_time(schedule["next_date"] or ""),
        "last_run": "" if last is None else last["state"],
        "message": "" if last is None else last["message"] or "",
    }


def _show(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        if options.runs:
            runs = api.list_schedule_runs(options.id)
            printer.records([*runs] if options.json else [*map(_run_row, runs)], _RUN_COLUMNS)
        else:
            schedule = api.get_schedule(options.id)
            printer.result(_description(schedule), schedule)
    return printer.finish()


def _run_row(run: ScheduleRun) -> dict[str, object]:
    started = run["started"]
    what = {} if started is None else {started["type"]: started["id"], "work_state": started["state"] or "deleted"}
    return {**run, **what, "due_date": local_time(run["due_date"]), "message": run["message"] or ""}


def _description(schedule: Schedule) -> str:
    lines = [f"{schedule['name']} ({schedule['id']}): {schedule['state']}", _sentence(schedule)]
    if (last := schedule["last_run"]) is not None:
        lines.append(f"last run: due {local_time(last['due_date'])}, {last['state']}")
        if last["started"] is not None:
            lines[-1] += f", {last['started']['type']} {last['started']['id']} {last['started']['state'] or 'deleted'}"
        if last["message"]:
            lines[-1] += f": {last['message']}"
    return "\n".join(lines)


def _change(options: argparse.Namespace) -> int:
    printer = Printer(options)
    changes: ScheduleChanges = {}
    for name in _CHANGED:
        if (value := getattr(options, name)) is not None:
            changes[name] = value  # type: ignore[literal-required]  # the options are fields of the body
    if not changes:
        raise ValueError("nothing is changed; specify --cron, --time-zone, --missed-runs or --name")
    with client(options) as api:
        schedule = api.update_schedule(options.id, **changes)
    printer.result(f"Schedule '{schedule['id']}' changed: {_sentence(schedule)}", schedule)
    return printer.finish()


def _act(options: argparse.Namespace) -> int:
    printer = Printer(options)
    act, done, _ = _ACTIONS[options.verb]
    changed = []
    with client(options) as api:
        for schedule_id in options.ids:
            try:
                changed.append(act(api, schedule_id) or {"id": schedule_id})
            except APIError as error:
                printer.failure(f"{options.verb} schedule", schedule_id, str(error))
                continue
            printer.remark(f"Schedule '{schedule_id}' {done}")
    if options.json:
        printer.result("", changed)
    return printer.finish()
