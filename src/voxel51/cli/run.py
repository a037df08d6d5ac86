"""``voxel51 run``: run an analytic on videos, from upload to download. An interrupted run can be resumed."""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxel51.cli.live import JobProgressDisplay, ProgressDisplay
from voxel51.cli.parsing import Commands, command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client
from voxel51.users.api import API

RUN_RECORD = ".voxel51-run.json"
"""File in the output folder that records the uploaded data and the jobs of each video."""

_EXAMPLES = """\
  voxel51 run voxel51/object-tracks holiday.mp4
  voxel51 run voxel51/object-tracks *.mp4 --param classes='["car"]' --param confidence=0.6 --out labels
  voxel51 run voxel51/onnx-detector street.mp4 --param model=@detector.onnx --format coco"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = command(commands, "run", _run, "run an analytic on videos: upload, run, download", _EXAMPLES)
    parser.add_argument("analytic", metavar="ANALYTIC", help="full name, such as voxel51/object-tracks")
    parser.add_argument("videos", metavar="VIDEO", nargs="+", help="path of a video")
    parser.add_argument(
        "--param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="parameter value: JSON, text, or @PATH for a file",
    )
    parser.add_argument("--out", metavar="DIR", default=".", help="output folder (default: the current folder)")
    parser.add_argument("--format", metavar="NAME", help="coco, yolo, mot, cvat, voc, csv or parquet (default: native)")


@dataclass(frozen=True, slots=True)
class _Task:
    """One video to process: its path, its key in the run record, and its output path."""

    video: Path
    key: str
    output: Path


class _RunRecord:
    """The data and job ids of a run, written to disk after every step."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / RUN_RECORD
        self._ids: dict[str, dict[str, str]] = {}
        if self._path.is_file():
            try:
                self._ids = json.loads(self._path.read_text(encoding="utf-8"))
            except ValueError:
                self._ids = {}  # truncated by a crash: upload and submit again

    def get(self, key: str, kind: str) -> str | None:
        """Return the id of the ``data`` or ``job`` of a video."""
        return self._ids.get(key, {}).get(kind)

    def set(self, key: str, kind: str, record_id: str | None) -> None:
        """Store an id; None removes it."""
        entry = self._ids.setdefault(key, {})
        if record_id is None:
            entry.pop(kind, None)
        else:
            entry[kind] = record_id
        new_file = self._path.with_suffix(".new")
        new_file.write_text(json.dumps(self._ids, indent=1), encoding="utf-8")
        new_file.replace(self._path)


def _run(options: argparse.Namespace) -> int:
    printer = Printer(options)
    folder = Path(options.out)
    videos = [Path(each) for each in options.videos]
    for video in videos:
        if not video.is_file():
            raise FileNotFoundError(f"file not found: {str(video)!r}")
    parameters = dict(_parameter(text) for text in options.param)
    with client(options) as api:
        document = api.get_analytic_doc(api.get_analytic_id(options.analytic))
        folder.mkdir(parents=True, exist_ok=True)
        record = _RunRecord(folder)
        tasks = [_task(video, folder, options, parameters) for video in videos]
        unfinished = [task for task in tasks if not task.output.exists()]
        jobs = _submit_all(api, printer, record, unfinished, document, options.analytic, parameters)
        done = {str(task.video): str(task.output) for task in tasks if task.output.exists()}
        for job in _ends(api, [*jobs], options):
            task = jobs[job["id"]]
            if job["state"] != "COMPLETE":
                record.set(task.key, "job", None)
                printer.failure("run on", str(task.video), _reason(api, job["id"]))
                continue
            api.download_job_output(job["id"], task.output, format=options.format)
            done[str(task.video)] = str(task.output)
            printer.remark(f"{task.video} -> {task.output}")
    printer.result("" if len(done) == len(tasks) else f"{len(done)} of {len(tasks)} videos completed", done)
    return printer.finish() or (0 if len(done) == len(tasks) else 1)


def _task(video: Path, folder: Path, options: argparse.Namespace, parameters: Mapping[str, Any]) -> _Task:
    status = video.stat()
    request = json.dumps([options.analytic, {name: str(value) for name, value in parameters.items()},
                       str(video.resolve()), status.st_size, status.st_mtime_ns], sort_keys=True)  # fmt: skip
    suffixes = {None: "json", "coco": "coco.json", "cvat": "cvat.xml", "csv": "csv", "parquet": "parquet"}
    suffix = suffixes.get(options.format, f"{options.format}.zip")
    name = f"{video.stem}.{options.analytic.rpartition('/')[2]}.{suffix}"
    return _Task(video, hashlib.sha256(request.encode()).hexdigest()[:32], folder / name)


def _submit_all(
    api: API, printer: Printer, record: _RunRecord, tasks: Sequence[_Task], document: Any, analytic: str,
    parameters: Mapping[str, Any],
) -> dict[str, _Task]:  # fmt: skip
    """Submit the missing jobs. Return job id -> task, including jobs submitted by an earlier, interrupted run."""
    jobs: dict[str, _Task] = {}
    files: dict[str, str] = {}
    for task in tasks:
        job_id = record.get(task.key, "job")
        if job_id is None or not _has_usable_job(api, job_id):
            data_id = record.get(task.key, "data")
            if data_id is None or not _has_data(api, data_id):
                printer.remark(f"Uploading '{task.video}'")
                data_id = api.upload_data(task.video)["id"]
                record.set(task.key, "data", data_id)
            job_id = _submit(api, analytic, document["inputs"][0]["name"], data_id, parameters, files, task.video.name)
            record.set(task.key, "job", job_id)
        jobs[job_id] = task
    return jobs


def _submit(
    api: API, analytic: str, input_name: str, data_id: str, parameters: Mapping[str, Any], files: dict[str, str],
    name: str,
) -> str:  # fmt: skip
    from voxel51.users.jobs import JobRequest

    request = JobRequest(analytic)
    request.set_input(input_name, data_id=data_id)
    for parameter, value in parameters.items():
        if isinstance(value, Path):
            if str(value) not in files:
                files[str(value)] = api.upload_data(value)["id"]
            request.set_data_parameter(parameter, data_id=files[str(value)])
        else:
            request.set_parameter(parameter, value)
    job_id: str = api.upload_job_request(request, name, auto_start=True)["id"]
    return job_id


def _ends(api: API, job_ids: Sequence[str], options: argparse.Namespace) -> Iterator[Any]:
    if not job_ids:
        return
    shown = None if options.json or options.quiet else JobProgressDisplay(ProgressDisplay(sys.stderr))
    yield from api.wait(job_ids, progress=shown)


def _reason(api: API, job_id: str) -> str:
    messages = api.get_job_status(job_id).get("messages")
    return messages[-1]["message"] if messages else "no reason was given"


def _has_usable_job(api: API, job_id: str) -> bool:
    from voxel51.transport.errors import NotFound

    try:
        return api.get_job_details(job_id)["state"] != "FAILED"
    except NotFound:
        return False


def _has_data(api: API, data_id: str) -> bool:
    from voxel51.transport.errors import NotFound

    try:
        api.get_data_details(data_id)
    except NotFound:
        return False
    return True


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ValueError(f"invalid --param {text!r}: expected NAME=VALUE")
    if value.startswith("@"):
        path = Path(value[1:])
        if not path.is_file():
            raise FileNotFoundError(f"--param {name}: file not found: {value[1:]!r}")
        return name, path
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
