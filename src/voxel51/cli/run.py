"""``voxel51 run``: an analytic on videos, from upload to download. Run again, it goes on where it was cut."""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxel51.cli.live import Board, JobBoard
from voxel51.cli.parsing import Commands, command
from voxel51.cli.printing import Printer
from voxel51.cli.profiles import client
from voxel51.users.api import API

NOTES = ".voxel51-run.json"
"""In the output folder: which videos were uploaded as what, and which jobs run on them."""

_EXAMPLES = """\
  voxel51 run voxel51/object-tracks holiday.mp4
  voxel51 run voxel51/object-tracks *.mp4 --param classes='["car"]' --param confidence=0.6 --out labels
  voxel51 run voxel51/onnx-detector street.mp4 --param model=@detector.onnx --format coco"""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = command(commands, "run", _run, "run an analytic on videos: upload, run, download", _EXAMPLES)
    parser.add_argument("analytic", metavar="ANALYTIC", help="full name, such as voxel51/object-tracks")
    parser.add_argument("videos", metavar="VIDEO", nargs="+", help="file to run it on")
    parser.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], help="parameter; @PATH is a file")
    parser.add_argument("--out", metavar="DIR", default=".", help="folder for what it finds (default: here)")
    parser.add_argument(
        "--format", metavar="NAME", help="coco, yolo, mot, cvat, voc, csv or parquet (default: as it is)"
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """One video: where it is, what it is known as in the notes, and where its output goes."""

    video: Path
    key: str
    output: Path


class _Notes:
    """What was done so far, on disk after every step."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NOTES
        self._known: dict[str, dict[str, str]] = {}
        if self._path.is_file():
            try:
                self._known = json.loads(self._path.read_text(encoding="utf-8"))
            except ValueError:
                self._known = {}  # cut by a crash: uploads and jobs are made anew

    def get(self, key: str, what: str) -> str | None:
        """The id of the ``data`` or ``job`` of a video."""
        return self._known.get(key, {}).get(what)

    def note(self, key: str, what: str, record_id: str | None) -> None:
        """Write it down; None forgets it."""
        entry = self._known.setdefault(key, {})
        if record_id is None:
            entry.pop(what, None)
        else:
            entry[what] = record_id
        piece = self._path.with_suffix(".new")
        piece.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
        piece.replace(self._path)


def _run(options: argparse.Namespace) -> int:
    printer = Printer(options)
    folder = Path(options.out)
    videos = [Path(each) for each in options.videos]
    for video in videos:
        if not video.is_file():
            raise FileNotFoundError(f"there is no file {str(video)!r}")
    parameters = dict(_parameter(text) for text in options.param)
    with client(options) as api:
        document = api.get_analytic_doc(api.get_analytic_id(options.analytic))
        folder.mkdir(parents=True, exist_ok=True)
        notes = _Notes(folder)
        works = [_work(video, folder, options, parameters) for video in videos]
        undone = [work for work in works if not work.output.exists()]
        jobs = _submitted(api, printer, notes, undone, document, options.analytic, parameters)
        done = {str(work.video): str(work.output) for work in works if work.output.exists()}
        for job in _ends(api, [*jobs], options):
            work = jobs[job["id"]]
            if job["state"] != "COMPLETE":
                notes.note(work.key, "job", None)
                printer.failure("run on", str(work.video), _reason(api, job["id"]))
                continue
            api.download_job_output(job["id"], work.output, format=options.format)
            done[str(work.video)] = str(work.output)
            printer.remark(f"{work.video} -> {work.output}")
    printer.result("" if len(done) == len(works) else f"{len(done)} of {len(works)} are done", done)
    return printer.finish() or (0 if len(done) == len(works) else 1)


def _work(video: Path, folder: Path, options: argparse.Namespace, parameters: Mapping[str, Any]) -> _Work:
    status = video.stat()
    said = json.dumps([options.analytic, {name: str(value) for name, value in parameters.items()},
                       str(video.resolve()), status.st_size, status.st_mtime_ns], sort_keys=True)  # fmt: skip
    ending = {None: "json", "coco": "coco.json", "cvat": "cvat.xml", "csv": "csv", "parquet": "parquet"}
    suffix = ending.get(options.format, f"{options.format}.zip")
    name = f"{video.stem}.{options.analytic.rpartition('/')[2]}.{suffix}"
    return _Work(video, hashlib.sha256(said.encode()).hexdigest()[:32], folder / name)


def _submitted(
    api: API, printer: Printer, notes: _Notes, works: Sequence[_Work], document: Any, analytic: str,
    parameters: Mapping[str, Any],
) -> dict[str, _Work]:  # fmt: skip
    """Job id -> what it is for, those that were submitted before included."""
    jobs: dict[str, _Work] = {}
    files: dict[str, str] = {}
    for work in works:
        job_id = notes.get(work.key, "job")
        if job_id is None or not _is_there(api, job_id):
            data_id = notes.get(work.key, "data")
            if data_id is None or not _has_data(api, data_id):
                printer.remark(f"Uploading '{work.video}'")
                data_id = api.upload_data(work.video)["id"]
                notes.note(work.key, "data", data_id)
            job_id = _submit(api, analytic, document["inputs"][0]["name"], data_id, parameters, files, work.video.name)
            notes.note(work.key, "job", job_id)
        jobs[job_id] = work
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
    from voxel51.users.waiting import LONGEST_PAUSE_SECONDS, LookSchedule, ends_of

    if not job_ids:
        return
    shown = None if options.json or options.quiet else JobBoard(Board(sys.stderr))
    yield from api._iterate(ends_of(job_ids, LookSchedule(LONGEST_PAUSE_SECONDS, None, overtime=0), shown))


def _reason(api: API, job_id: str) -> str:
    messages = api.get_job_status(job_id).get("messages")
    return messages[-1]["message"] if messages else "it says no more"


def _is_there(api: API, job_id: str) -> bool:
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
        raise ValueError(f"--param takes NAME=VALUE, not {text!r}")
    if value.startswith("@"):
        path = Path(value[1:])
        if not path.is_file():
            raise FileNotFoundError(f"--param {name}: there is no file {value[1:]!r}")
        return name, path
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
