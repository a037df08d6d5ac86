"""``voxel51 run``: run an analytic on videos, from upload to download.

A video is skipped only if the record of the output folder (`voxel51.cli.run_record`) names an unchanged output of an
equal run: same bytes, same version of the analytic, same value of every parameter (`voxel51.wire.run_keys`). A run that
was interrupted continues with the jobs that it submitted.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from voxel51.cli.analytic_names import find_analytic
from voxel51.cli.live import JobProgressDisplay, ProgressDisplay
from voxel51.cli.parameters import read_parameters
from voxel51.cli.parsing import Parser, client_command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client
from voxel51.cli.run_batch import add_batch_options, is_batch, run_batch
from voxel51.cli.run_files import SUFFIXES, find_files
from voxel51.cli.run_jobs import RunAnalytic, Submission, Task
from voxel51.cli.run_record import RUN_RECORD, Placed, Run, RunRecord
from voxel51.cli.scheduling import add_scheduling_options, scheduling_of
from voxel51.users.api import API
from voxel51.wire.analytics import AnalyticDocument, output_filename
from voxel51.wire.jobs import DATA_ID_FIELD, JobRecord
from voxel51.wire.run_keys import Content, complete_parameters, run_key, with_chosen_weights

__all__ = ["RUN_RECORD", "fill"]

_EXAMPLES = """\
  voxel51 run voxel51/object-tracks holiday.mp4
  voxel51 run voxel51/object-tracks videos/ --param classes='["car"]' --param confidence=0.6 --out labels
  voxel51 run voxel51/onnx-detector street.mp4 --param model=@detector.onnx --format coco
  voxel51 run voxel51/shot-detection film.mp4 --split 8
  voxel51 run voxel51/shot-detection --query type:video
  voxel51 run voxel51/shot-detection --collection junction"""


def fill(parser: Parser) -> None:
    """Declare the arguments of the command."""
    client_command(parser, _run, _EXAMPLES)
    parser.add_argument("analytic", metavar="ANALYTIC", help="name, such as object-tracks; with OWNER/, with @VERSION")
    parser.add_argument("videos", metavar="VIDEO", nargs="*", help="path of a video or folder, or a pattern")
    parser.add_argument(
        "--param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="parameter value: JSON, text, or @PATH for a file",
    )
    parser.add_argument("--out", metavar="DIR", default=".", help="output folder (default: the current folder)")
    parser.add_argument("--format", metavar="NAME", help="coco, yolo, mot, cvat, voc, csv or parquet (default: native)")
    parser.add_argument("--split", metavar="N", type=int, help="divide each job into up to N parts, run side by side")
    parser.add_argument(
        "--reuse-results", action="store_true", help="copy equal results that the platform has computed before"
    )
    parser.add_argument("--fresh", action="store_true", help="compute again what has been computed already")
    add_scheduling_options(parser)
    add_batch_options(parser)


def _run(options: argparse.Namespace) -> int:
    printer = Printer(options)
    folder = Path(options.out)
    on_platform = is_batch(options)
    with client(options) as api:
        found_analytic = find_analytic(api, options.analytic)
        document = api.get_analytic_doc(found_analytic["id"])
        if on_platform:
            if options.split is not None:
                raise ValueError("--split needs videos: jobs of a batch run as a whole")
            return run_batch(options, api, printer, found_analytic, document)
        given = with_chosen_weights(found_analytic, document, read_parameters(options.param, document))
        _check_format(options, document)
        record = RunRecord(folder)
        found = find_files(options.videos, _media(document), record.is_output)
        if found.skipped:
            printer.remark(f"Skipped {found.skipped} {'file' if found.skipped == 1 else 'files'} that are not videos")
        analytic = RunAnalytic(found_analytic, document, given, _hashed(api, record, given))
        complete_parameters(document, analytic.hashed)  # reject invalid values before anything is uploaded
        tasks = [_task(path, record, analytic, options.format) for path in found.files]
        done = {} if options.fresh else _already_done(tasks, record, folder, printer)
        unfinished = [task for task in tasks if str(task.path) not in done]
        submission = Submission(api, printer, record, analytic, scheduling_of(options), options.split)
        submission.reuses_results = options.reuse_results and not options.fresh
        jobs = submission.submit(unfinished, is_fresh=options.fresh)
        for job in _ends(api, [*jobs], options):
            for task in jobs[job["id"]]:
                if job["state"] != "COMPLETE":
                    record.set_job(task.run, None)
                    printer.failure("run on", str(task.path), _reason(api, job["id"]))
                else:
                    done[str(task.path)] = _download(api, printer, record, folder, task, job)
    ordered = {str(task.path): done[str(task.path)] for task in tasks if str(task.path) in done}
    printer.result("" if len(done) == len(tasks) else f"{len(done)} of {len(tasks)} videos completed", ordered)
    return printer.finish() or (0 if len(done) == len(tasks) else 1)


def _media(document: AnalyticDocument) -> str:
    if not document["inputs"]:
        raise ValueError(f"analytic '{document['info']['name']}' has no input, so it cannot run on a video")
    return "image" if document["inputs"][0]["type"] == "types.Image" else "video"


def _check_format(options: argparse.Namespace, document: AnalyticDocument) -> None:
    if options.format is None:
        return
    if options.format not in SUFFIXES:
        raise ValueError(f"unknown format {options.format!r}. Formats: {', '.join(SUFFIXES)}")
    kept = [each for each in document["outputs"] if not each["post_as_data"]]
    if document["zip_outputs"] or [each["type"] for each in kept] != ["types.VideoLabels"]:
        name = output_filename(document) or "no file"
        raise ValueError(
            f"--format {options.format} converts labels of a video, but the output of {options.analytic} is {name}. "
            "Run it without --format."
        )


def _hashed(api: API, record: RunRecord, given: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters with files replaced by their content, for the run key."""
    hashed: dict[str, object] = {}
    for name, value in given.items():
        if isinstance(value, Path):
            hashed[name] = Content(record.sha256_of(value))
        elif isinstance(value, dict) and DATA_ID_FIELD in value:
            sha256 = api.get_data_details(str(value[DATA_ID_FIELD])).get("sha256")
            hashed[name] = Content(sha256) if sha256 else value
        else:
            hashed[name] = value
    return hashed


def _task(path: Path, record: RunRecord, analytic: RunAnalytic, output_format: str | None) -> Task:
    sha256 = record.sha256_of(path)
    input_name = analytic.document["inputs"][0]["name"]
    key = run_key(analytic.record, analytic.document, {input_name: sha256}, analytic.hashed)
    suffix = Path(output_filename(analytic.document)).suffix
    parameters = {
        name: value.sha256 if isinstance(value, Content) else value
        for name, value in complete_parameters(analytic.document, analytic.hashed).items()
    }
    stem = f"{path.stem}.{analytic.record['name'].rpartition('/')[2]}"
    run = Run(key, path.name, stem, SUFFIXES[output_format] if output_format else suffix, output_format, parameters)
    return Task(path, sha256, run)


def _already_done(tasks: Sequence[Task], record: RunRecord, folder: Path, printer: Printer) -> dict[str, str | None]:
    """Return the outputs that equal runs wrote earlier, by the path of the video."""
    done: dict[str, str | None] = {}
    for task in tasks:
        output = record.finished(task.run)
        if output is not None:
            done[str(task.path)] = str(folder / output.file)
            printer.remark(f"already done: {task.path} -> {folder / output.file} (job {output.job})")
    return done


def _download(api: API, printer: Printer, record: RunRecord, folder: Path, task: Task, job: JobRecord) -> str | None:
    """Write the output of a job to the folder and return its path; None if the analytic has no output file."""
    if not job["output_filename"]:
        printer.remark(f"{task.path} -> no output file (job {job['id']})")
        return None
    content = folder / f".voxel51-run-{job['id']}{task.run.extension}"
    api.download_job_output(job["id"], content, format=task.run.format)
    placed = record.place(task.run, job["id"], content)
    printer.remark(f"{task.path} -> {placed.path}{_remark(placed)}")
    return str(placed.path)


def _remark(placed: Placed) -> str:
    if placed.kept:
        return f". {placed.kept}"
    return " (replaced)" if placed.has_replaced else ""


def _ends(api: API, job_ids: Sequence[str], options: argparse.Namespace) -> Iterator[JobRecord]:
    if not job_ids:
        return
    shown = None if options.json or options.quiet else JobProgressDisplay(ProgressDisplay(sys.stderr))
    yield from api.wait(job_ids, progress=shown)


def _reason(api: API, job_id: str) -> str:
    messages = api.get_job_status(job_id).get("messages")
    return messages[-1]["message"] if messages else "no reason was given"
