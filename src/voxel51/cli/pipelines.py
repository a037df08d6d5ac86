"""``voxel51 pipelines``: save and share pipelines; run them, and follow, cancel and retry their runs."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from voxel51.cli.parsing import Parser, add_commands, command
from voxel51.cli.printing import Printer, local_time
from voxel51.cli.profiles import client
from voxel51.cli.scheduling import add_scheduling_options, scheduling_of
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.wire.pipelines import PipelineRun, PipelineRunState, PipelineRunStep, PipelineWithDocument

_EXAMPLES = """\
  voxel51 pipelines save keyframes.json
  voxel51 pipelines run Keyframes film.mp4 --param threshold=30 --out results
  voxel51 pipelines show Keyframes --out keyframes.json
  voxel51 pipelines share Keyframes bob
  voxel51 pipelines run alice/Keyframes film.mp4
  voxel51 pipelines runs Keyframes
  voxel51 pipelines run-status RUN"""

_LIST_COLUMNS = ("id", "name", "owner", "version", "steps", "version_date", "description")
_RUN_COLUMNS = ("id", "name", "state", "progress", "version", "created_date")
_STEP_COLUMNS = ("name", "state", "progress", "analytic", "job_id", "message")

PIPELINE = "id or name of a pipeline, or OWNER/NAME of one that is shared with you"
"""Help for arguments that name a pipeline."""

_ACTIONS: Mapping[str, tuple[Callable[[API, str], PipelineRun | None], str, str]] = {
    "cancel": (API.cancel_pipeline_run, "cancelled", "cancel runs and their jobs"),
    "retry": (API.retry_pipeline_run, "retried", "run the failed steps of runs again"),
    "delete-run": (API.delete_pipeline_run, "deleted", "delete runs that have ended; their jobs stay"),
}
"""Verb -> the call, its past participle, and the summary."""


def fill(parser: Parser) -> None:
    """Declare the commands of the noun."""
    verbs = add_commands(parser, _EXAMPLES)
    command(verbs, "list", _list, "list your pipelines, and those shared with you")
    show = command(verbs, "show", _show, "show a pipeline, or write its document to a file")
    _add_pipeline(show)
    show.add_argument("--version", metavar="N", type=int, help="version of the pipeline (default: the latest)")
    show.add_argument("--out", metavar="FILE", help="file to which the document is written")
    save = command(verbs, "save", _save, "save documents as pipelines, or as new versions of them")
    save.add_argument("files", metavar="FILE", nargs="+", help="JSON file with the document of a pipeline")
    run = command(verbs, "run", _run, "run a pipeline on files, and download its outputs")
    _add_pipeline(run)
    run.add_argument("inputs", metavar="FILE", nargs="*",
                     help="file or id of data for the one input, or NAME=FILE for each")  # fmt: skip
    run.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], help="parameter of the pipeline")
    run.add_argument("--version", metavar="N", type=int, help="version of the pipeline (default: the latest)")
    run.add_argument("--name", metavar="NAME", help="name of the run (default: that of the pipeline)")
    run.add_argument("--reuse-results", action="store_true",
                     help="copy equal results that were computed before: compute only what changed")  # fmt: skip
    run.add_argument("--out", metavar="FOLDER", help="folder for the outputs (default: wait for none)")
    run.add_argument("--wait", action="store_true", help="return only when the run has ended; implied by --out")
    add_scheduling_options(run)
    runs = command(verbs, "runs", _runs, "list your runs of pipelines, the newest first")
    runs.add_argument("pipeline", metavar="PIPELINE", nargs="?", help=f"{PIPELINE}: its runs only")
    status = command(verbs, "run-status", _run_status, "show a run and its steps")
    status.add_argument("id", metavar="RUN", help="id of a run")
    status.add_argument("--wait", action="store_true", help="return only when the run has ended")
    status.add_argument("--out", metavar="FOLDER", help="folder to which the outputs are downloaded")
    share = command(verbs, "share", _share, "let a user read a pipeline of yours and run it")
    _add_pipeline(share)
    share.add_argument("username", metavar="USER", help="name of the user")
    unshare = command(verbs, "unshare", _unshare, "end a share, or leave a pipeline; runs go on")
    _add_pipeline(unshare)
    unshare.add_argument("username", metavar="USER", help="name of the user")
    _add_pipeline(command(verbs, "shares", _shares, "list the users with whom a pipeline is shared"))
    delete = command(verbs, "delete", _delete, "delete pipelines; their runs stay")
    delete.add_argument("pipelines", metavar="PIPELINE", nargs="+", help="id or name of a pipeline of yours")
    for verb, (_, _, summary) in _ACTIONS.items():
        act = command(verbs, verb, _act, summary)
        act.add_argument("ids", metavar="RUN", nargs="+", help="id of a run")
        act.set_defaults(verb=verb)


def _add_pipeline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", metavar="PIPELINE", help=PIPELINE)


def _list(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_pipelines()
    rows = [{**each, "version_date": local_time(each["version_date"])} for each in found]
    printer.records([*found] if options.json else rows, _LIST_COLUMNS)
    return printer.finish()


def _show(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        pipeline = api.get_pipeline(api.find_pipeline(options.pipeline), options.version)
    if options.out:
        text = json.dumps(pipeline["document"], indent=2, ensure_ascii=False)
        Path(options.out).write_text(f"{text}\n", encoding="utf-8")
        printer.result(f"Document of version {pipeline['version']} written to {options.out}", pipeline)
    else:
        printer.result(_description(pipeline), pipeline)
    return printer.finish()


def _description(pipeline: PipelineWithDocument) -> str:
    document = pipeline["document"]
    lines = [f"{pipeline['name']} ({pipeline['id']}): version {pipeline['version']} of {pipeline['latest_version']}"]
    if not pipeline["is_own"]:
        lines.append(f"shared by {pipeline['owner']}")
    if pipeline["description"]:
        lines.append(pipeline["description"])
    lines += [f"input      {each['name']}: {each.get('type', 'Video')}" for each in document.get("inputs", [])]
    for parameter in document.get("parameters", []):
        default = f" = {json.dumps(parameter['default'])}" if "default" in parameter else ""
        lines.append(f"parameter  {parameter['name']}: {parameter['type']}{default}")
    for step in document["steps"]:
        sources = [f"{name} from {next(iter(source.values()))}" for name, source in step.get("inputs", {}).items()]
        lines.append(f"step       {step['name']}: {step['analytic']}{' with ' if sources else ''}{', '.join(sources)}")
    return "\n".join(lines)


def _save(options: argparse.Namespace) -> int:
    printer = Printer(options)
    saved = []
    with client(options) as api:
        for file in options.files:
            try:
                pipeline = api.save_pipeline(file)
            except (APIError, OSError, ValueError, TypeError) as error:
                printer.failure("save", file, str(error))
                continue
            saved.append(pipeline)
            printer.remark(f"Pipeline '{pipeline['name']}' saved: version {pipeline['version']}, id {pipeline['id']}")
    if options.json:
        printer.result("", saved)
    return printer.finish()


def _run(options: argparse.Namespace) -> int:
    printer = Printer(options)
    inputs = _inputs(options.inputs)
    with client(options) as api:
        run = api.run_pipeline(
            options.pipeline,
            inputs,
            read_pipeline_parameters(options.param) or None,
            version=options.version,
            run_name=options.name,
            scheduling=scheduling_of(options),
            reuse_result=options.reuse_results,
        )
        reused = sum(step["reused"] is not None for step in run["steps"])
        count = f"{len(run['steps'])} jobs" + (f", {reused} with results that were computed before" if reused else "")
        printer.remark(f"Run '{run['id']}' of {run['pipeline']} started: {count}")
        if options.wait or options.out:
            run = _wait(api, run["id"], printer)
        return _show_run(api, run, printer, options)


def _inputs(given: list[str]) -> dict[str, str] | str:
    named = dict(each.split("=", 1) for each in given if "=" in each)
    if len(named) == len(given):
        return named
    if len(given) != 1:
        raise ValueError("specify one file, or NAME=FILE for each input of the pipeline")
    return given[0]


def read_pipeline_parameters(given: list[str]) -> dict[str, object]:
    """Return parameters; the platform converts their text to the declared types."""
    for each in given:
        if "=" not in each:
            raise ValueError(f"--param takes NAME=VALUE, not {each!r}")
    parameters: dict[str, object] = {}
    for name, text in (each.split("=", 1) for each in given):
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        parameters[name] = value if isinstance(value, list) else text
    return parameters


def _wait(api: API, run_id: str, printer: Printer) -> PipelineRun:
    last = ""

    def show(run: PipelineRun) -> None:
        nonlocal last
        text = ", ".join(f"{step['name']} {step['state']}" for step in run["steps"])
        if text != last:
            printer.remark(text)
        last = text

    return api.wait_for_pipeline_run(run_id, progress=show)


def _runs(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = [*api.iter_pipeline_runs(options.pipeline)]
    rows = [
        {**each, "progress": f"{each['progress']:.0%}", "created_date": local_time(each["created_date"])}
        for each in found
    ]
    printer.records([*found] if options.json else rows, _RUN_COLUMNS)
    return printer.finish()


def _run_status(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        run = _wait(api, options.id, printer) if options.wait else api.get_pipeline_run(options.id)
        return _show_run(api, run, printer, options)


def _show_run(api: API, run: PipelineRun, printer: Printer, options: argparse.Namespace) -> int:
    """Show a run, download its outputs if asked, and return 1 if it has failed or was cancelled."""
    if options.json:
        printer.result("", run)
    else:
        rows = [
            {
                **step,
                "progress": f"{step['progress']:.0%}",
                "message": _note(step),
            }
            for step in run["steps"]
        ]
        printer.remark(f"{run['name']} ({run['id']}): {run['state']}, {run['progress']:.0%}")
        printer.records(rows, _STEP_COLUMNS)
    if options.out:
        for name, path in api.download_pipeline_outputs(run["id"], options.out).items():
            printer.remark(f"Output '{name}' written to {path}")
    ended_badly = run["state"] in {PipelineRunState.FAILED, PipelineRunState.CANCELLED}
    return printer.finish() or int(ended_badly)


def _note(step: PipelineRunStep) -> str:
    """Return what is to be said of a step: why it failed or waits, or that it did not run."""
    reused = "an earlier result was reused" if step["reused"] else ""
    return step["message"] or step.get("waiting_reason") or reused


def _share(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        api.share_pipeline(api.find_pipeline(options.pipeline), options.username)
    printer.result(f"'{options.username}' can run '{options.pipeline}'", options.username)
    return printer.finish()


def _unshare(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        api.unshare_pipeline(api.find_pipeline(options.pipeline), options.username)
    printer.result(f"'{options.username}' can no longer run '{options.pipeline}'", options.username)
    return printer.finish()


def _shares(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        found = api.list_pipeline_shares(api.find_pipeline(options.pipeline))
    printer.records([*found], ("username",))
    return printer.finish()


def _delete(options: argparse.Namespace) -> int:
    printer = Printer(options)
    with client(options) as api:
        for pipeline in options.pipelines:
            try:
                api.delete_pipeline(api.find_pipeline(pipeline))
            except (APIError, ValueError) as error:
                printer.failure("delete pipeline", pipeline, str(error))
                continue
            printer.remark(f"Pipeline '{pipeline}' deleted")
    return printer.finish()


def _act(options: argparse.Namespace) -> int:
    printer = Printer(options)
    act, done, _ = _ACTIONS[options.verb]
    changed = []
    with client(options) as api:
        for run_id in options.ids:
            try:
                changed.append(act(api, run_id) or {"id": run_id})
            except APIError as error:
                printer.failure(f"{options.verb} run", run_id, str(error))
                continue
            printer.remark(f"Run '{run_id}' {done}")
    if options.json:
        printer.result("", changed)
    return printer.finish()
