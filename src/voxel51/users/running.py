"""Runs: run an analytic on files, from upload to download."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from voxel51.transport.saving import local_name
from voxel51.users.calls import jobs
from voxel51.users.downloading import FilePath, download
from voxel51.users.flows import Flow, fetch, first_emitted
from voxel51.users.jobs import JobRequest, RemoteDataPath, require_not_failed
from voxel51.users.notebook_media import Picture, Player
from voxel51.users.progress import JobProgress, job_progress_reporter
from voxel51.users.scheduling import Scheduling
from voxel51.users.sources import source_of
from voxel51.users.uploading import UploadOptions, upload
from voxel51.users.waiting import LONGEST_PAUSE_SECONDS, PollSchedule, ended_jobs
from voxel51.wire.data import DataRecord
from voxel51.wire.jobs import JobRecord, JobState

if TYPE_CHECKING:
    import pandas
    from supervision import Detections

    from fiftyone import Sample
    from voxel51.labels.video import VideoLabels

LONGEST_JOB_NAME = 255
"""Length to which the default name of a job is cut, in characters."""

Input = str | os.PathLike[str] | DataRecord | RemoteDataPath
"""The path of a file to upload; or data on the platform: its id, its record, or a reference to it.

A `RemoteDataPath` may also refer to the output of a job.
"""


Points = Sequence[tuple[float, float]]

JobRendition = Callable[[str, str, Mapping[str, object]], bytes]
"""Returns a rendition of a job by its id, name and arguments."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Result of a run, or of a job that is complete.

    Attributes:
        job: the record of the job, which is COMPLETE.
        data_ids: name of an input, or of a parameter that is a file -> id of its data.
        output_path: the path of the downloaded output; None if the analytic has no output.
        url: the page of the job in the console.
        poster: returns a picture of the data with an id, for notebooks; None without a blocking client.
        rendition: returns a rendition of a job by its id, name and arguments; None without a blocking client.
    """

    job: JobRecord
    data_ids: dict[str, str]
    output_path: Path | None
    url: str | None = None
    poster: Callable[[str], bytes] | None = field(default=None, repr=False, compare=False)
    rendition: JobRendition | None = field(default=None, repr=False, compare=False)

    def labels(self) -> "VideoLabels":
        """Return the labels in the downloaded output.

        Raises:
            ValueError: the analytic has no output.
            voxel51.labels.errors.InvalidLabels: the output is not labels of a video.
        """
        from voxel51.labels.video import VideoLabels  # noqa: PLC0415  (only for labels)

        if self.output_path is None:
            raise ValueError(f"job '{self.job['id']}' has no output")
        return VideoLabels.from_file(self.output_path)

    def to_pandas(self) -> "pandas.DataFrame":
        """Return the labels as a pandas data frame, with the columns of the format ``csv``; raise as `labels` does."""
        import pandas  # noqa: PLC0415  (not needed otherwise)

        from voxel51.labels.formats.tables import COLUMNS, rows_of  # noqa: PLC0415

        return pandas.DataFrame(rows_of(self.labels()), columns=[*COLUMNS])

    def to_supervision(self, frame_number: int) -> "Detections":
        """Return the objects of a frame as `supervision.Detections`; raise as `labels` does."""
        from voxel51.labels.formats.supervision import to_supervision  # noqa: PLC0415

        return to_supervision(self.labels(), frame_number)

    def to_fiftyone(self, video: FilePath) -> "Sample":
        """Return a FiftyOne sample of the local ``video`` with the labels; raise as `labels` does."""
        from voxel51.labels.formats.fiftyone import to_fiftyone  # noqa: PLC0415

        return to_fiftyone(self.labels(), Path(video))

    def frame(self, number: int, width: int | None = None) -> Picture:
        """Return a frame of the video with the labels drawn into it, for notebooks.

        Args:
            number: number of the frame, from 1.
            width: width in pixels; default: that of the video.

        Raises:
            ValueError: the result comes from an async client, or from no client.
            voxel51.transport.errors.BadRequest: the video has no such frame.
        """
        return Picture(self._rendition("frame", {"number": number, "width": width}), f"frame {number}")

    def sheet(self) -> Picture:
        """Return a contact sheet of the video: a picture for each shot, with its labels; raise as `frame` does."""
        return Picture(self._rendition("sheet", {}), "contact sheet")

    def chart(
        self, chart: str, theme: str = "light", *, zone: Points | None = None, line: Points | None = None
    ) -> Picture:
        """Return a chart of the labels; raise as `frame` does.

        Args:
            chart: ``classes``, ``timeline``, ``lengths``, ``speeds``, ``zone`` (time in it) or ``line`` (crossings).
            theme: ``light`` or ``dark``.
            zone: corners of the zone, in relative coordinates from 0 to 1.
            line: the two ends of the line.
        """
        given = {"zone": _points_text(zone), "line": _points_text(line)}
        return Picture(
            self._rendition("charts", {"format": "png", "chart": chart, "theme": theme, **given}), f"chart {chart}"
        )

    def player(self, width: int = 640) -> Player:
        """Return a player of the video with the labels drawn into it, for notebooks; raise as `frame` does.

        The notebook contains the video, so it plays without the platform.
        """
        return Player(self._rendition("annotated", {}), width)

    def _rendition(self, kind: str, arguments: Mapping[str, object]) -> bytes:
        if self.rendition is None:
            raise ValueError("only results of a blocking client have pictures; use download_job_rendition instead")
        return self.rendition(self.job["id"], kind, arguments)

    def _repr_html_(self) -> str:
        """Return the view in notebooks: a poster, a table, and a link to the result in the console."""
        from voxel51.users.html import run_result_html  # noqa: PLC0415  (only for notebooks)

        return run_result_html(self.job, self.data_ids, self.output_path, self.url, self.poster)


def _points_text(points: Points | None) -> str | None:
    return None if points is None else ";".join(f"{x:.6f},{y:.6f}" for x, y in points)


class RunOptions(TypedDict, total=False):
    """Options of a run. All are optional.

    Attributes:
        version: as in `JobRequest`.
        compute_mode: as in `JobRequest`.
        job_name: default: the names of the analytic and of the first file, such as ``object-tracks · bikes.mp4``.
        ttl: the expiration date of uploads and output.
        output_path: the file to write. An existing file is replaced.
        output_dir: the folder in which to write the output under its own name; default: the current folder. No file is
            replaced: if the name is taken, a number is added to it.
        timeout: the time limit for the job, from its submission, in seconds.
        progress: True shows progress bars for uploads, job and download. A function is called after each poll of the
            job, as ``progress(job, status)``.
        scheduling: the priority, deadline, time limit, earliest start and retries of the job.
        reuse: whether files with the same bytes as data on the platform are not uploaded again; default: True.
        parts: number of parts into which the job is divided at most; default: it runs as a whole.
        reuse_result: whether an equal result that was computed before is copied, if there is one; default: False.
    """

    version: str | None
    compute_mode: str | None
    job_name: str | None
    ttl: date | str | None
    output_path: FilePath | None
    output_dir: FilePath | None
    timeout: float | None
    progress: bool | JobProgress | None
    reuse: bool
    scheduling: Scheduling | None
    parts: int | None
    reuse_result: bool


@dataclass(frozen=True, slots=True)
class RunViews:
    """Parts of the views of results in notebooks: the address of the console, and functions that get pictures."""

    console_url: str
    poster: Callable[[str], bytes] | None
    rendition: JobRendition | None

    def result(self, job: JobRecord, data_ids: dict[str, str], output_path: Path | None) -> RunResult:
        """Return the result of a job that is complete."""
        url = f"{self.console_url.rstrip('/')}/jobs/{job['id']}"
        return RunResult(job, data_ids, output_path, url, self.poster, self.rendition)


def run(
    analytic: str,
    inputs: Mapping[str, Input],
    parameters: Mapping[str, object] | None,
    options: RunOptions,
    views: RunViews,
) -> Flow[RunResult]:
    """Upload local files, create a job, wait until it ends, and download its output.

    Raises:
        OSError: a local file was not found, or the output cannot be written.
        JobExecutionError: the job failed, or did not end in time.
    """
    if options.get("output_path") and options.get("output_dir"):
        raise ValueError("output_path and output_dir exclude each other. Specify either the file or the folder.")
    request, data_ids = yield from _request(analytic, inputs, parameters or {}, options)
    name = options.get("job_name") or default_job_name(analytic, *map(_file_name, inputs.values()))
    scheduling = options.get("scheduling")
    given = None if scheduling is None else scheduling.to_options()
    submitted = yield from fetch(jobs.upload(request, name, True, options.get("ttl"), given))
    schedule = PollSchedule(LONGEST_PAUSE_SECONDS, options.get("timeout"), overtime=0)
    job = yield from first_emitted(
        ended_jobs([submitted["id"]], schedule, job_progress_reporter(options.get("progress")))
    )
    require_not_failed(job)
    path = output_path_of(job, options)
    if path is not None:
        yield from download(jobs.output(job["id"]), path, options.get("progress") is True)
    return views.result(job, data_ids, path)


def result_of(job_id: str, views: RunViews, path_of: Callable[[JobRecord], Path | None]) -> Flow[RunResult]:
    """Download the output of a job to the path that ``path_of`` chooses, and return its result.

    Raises:
        ValueError: the job is not complete.
        OSError: the output cannot be written.
    """
    job = yield from fetch(jobs.details(job_id))
    require_not_failed(job)
    if job["state"] != JobState.COMPLETE:
        raise ValueError(f"job '{job_id}' is {job['state']}, not COMPLETE; wait for it first")
    path = path_of(job)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield from download(jobs.output(job_id), path, False)
    return views.result(job, {each["name"]: each["data_id"] for each in job.get("inputs", [])}, path)


def default_job_name(analytic: str, *file_names: str | None) -> str:
    """Return the name of a job on files, such as ``object-tracks · bikes.mp4``. The first known file name is used."""
    file_name = next((name for name in file_names if name), None)
    return " · ".join([analytic.rpartition("/")[2], *([file_name] if file_name else [])])[:LONGEST_JOB_NAME]


def _file_name(file: Input) -> str | None:
    """Return the name of a file; None for data that is given by its id."""
    if isinstance(file, RemoteDataPath):
        return None
    if isinstance(file, Mapping):
        return file.get("name")
    return None if _is_id(file) else Path(file).name


def output_path_of(job: JobRecord, options: RunOptions) -> Path | None:
    """Return the path to which the output of ``job`` is written; None if the job has no output."""
    if not job.get("output_filename"):
        return None
    if path := options.get("output_path"):
        return Path(path)
    return _free(Path(options.get("output_dir") or "") / local_name(job["output_filename"], otherwise=job["id"]))


def _free(path: Path) -> Path:
    """Return ``path``, or if a file has that name, the first of ``name-2``, ``name-3``, … that is free."""
    numbered = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in itertools.count(2))
    return path if not path.exists() else next(each for each in numbered if not each.exists())


def _request(
    analytic: str, inputs: Mapping[str, Input], parameters: Mapping[str, object], options: RunOptions
) -> Flow[tuple[JobRequest, dict[str, str]]]:
    """Return the job request, and the ids of its data by name. A file that occurs twice is uploaded once."""
    request = JobRequest(analytic, options.get("version"), options.get("compute_mode"))
    request.set_split(options.get("parts"))
    request.reuse_result = options.get("reuse_result", False)
    data_ids: dict[str, str] = {}
    uploaded: dict[Path, str] = {}
    for name, file in inputs.items():
        if isinstance(file, RemoteDataPath) and not file.has_data_id:
            request.set_input(name, file)
            continue
        data_ids[name] = yield from data_id_of(file, options, uploaded)
        request.set_input(name, data_id=data_ids[name])
    for name, value in parameters.items():
        if isinstance(value, os.PathLike | RemoteDataPath):
            data_ids[name] = yield from data_id_of(value, options, uploaded)
            request.set_data_parameter(name, data_id=data_ids[name])
        else:
            request.set_parameter(name, value)
    return request, data_ids


def data_id_of(file: Input, options: RunOptions, uploaded: dict[Path, str]) -> Flow[str]:
    """Return the id of data: that of ``file``, or after uploading it, unless ``uploaded`` has it already."""
    if isinstance(file, RemoteDataPath):
        return str(file.data_id)
    if isinstance(file, Mapping):
        return file["id"]
    path = Path(file)
    if _is_id(file):
        return str(file)
    if path not in uploaded:
        upload_options = UploadOptions(
            options.get("ttl"), progress=options.get("progress") is True, reuse=options.get("reuse", True)
        )
        uploaded[path] = (yield from upload(source_of(path), upload_options))["id"]
    return uploaded[path]


def _is_id(file: str | os.PathLike[str]) -> bool:
    """Return whether ``file`` is the id of data: a plain word that names no local file. Everything else is a path."""
    path = Path(file)
    return isinstance(file, str) and not path.exists() and not path.suffix and len(path.parts) == 1
