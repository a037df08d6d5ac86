"""Joined analytics: several analytics that run side by side in one process, on one video that is decoded once."""

import shutil
import threading
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.labels.field_types import JsonValue
from voxel51.labels.media.shared_video import Seat, SharedVideo
from voxel51.platform.definition import Analytic
from voxel51.platform.errors import InvalidEntryPoint
from voxel51.platform.job import Job
from voxel51.platform.outputs import collect_outputs, output_file
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.tasks import MetadataReport, Progress

VIDEO = "video"
"""Name of the input that joined analytics share."""

RESULTS = "results"
"""Output of joined analytics: a folder with the output file of each, ``<name><suffix>``."""


@dataclass(frozen=True, slots=True)
class SharedRun:
    """Run of one analytic on a shared video: its job opens the video by ``seat``."""

    analytic: Analytic
    job: Job
    seat: Seat


def run_side_by_side(runs: Mapping[str, SharedRun]) -> tuple[dict[str, dict[str, Path]], dict[str, Exception]]:
    """Run analytics, each in a thread, to their ends.

    Returns:
        the outputs of those that completed, and the errors of the others, by the names of the runs.
    """
    outputs: dict[str, dict[str, Path]] = {}
    failures: dict[str, Exception] = {}

    def work(name: str, run: SharedRun) -> None:
        try:
            run.analytic.process(run.job)
            outputs[name] = collect_outputs(run.analytic.document, run.job)
        except Exception as error:  # of any analytic
            failures[name] = error
        finally:
            run.seat.close()

    threads = [threading.Thread(target=work, args=each, name=each[0], daemon=True) for each in runs.items()]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:  # after an interrupt by the keyboard, the analytics end with the next frame
        for run in runs.values():
            run.seat.close()
    return outputs, failures


def joined(analytics: Sequence[Analytic]) -> Analytic:
    """Return one analytic that runs all of these on its input ``video``.

    Its parameters are theirs, as ``<name of the analytic>.<parameter>``, and its output is a zip archive with the file
    of each. It completes if one of them does; the others are warnings.

    Raises:
        InvalidEntryPoint: two of them have the same name, or one needs more than a video.
    """
    members = {each.document["info"]["name"]: each for each in analytics}
    if len(members) < len(analytics):
        raise InvalidEntryPoint(f"an analytic occurs twice among {', '.join(members)}. Name each of them once")
    for name, analytic in members.items():
        if (reason := _obstacle(analytic.document)) is not None:
            raise InvalidEntryPoint(f"{name} cannot run together with other analytics: {reason}. Run it by itself")
    document: AnalyticDocument = {
        "info": {
            "name": "+".join(members),
            "version": "+".join(each.document["info"]["version"] for each in analytics),
            "description": "Several analytics on one video.",
            "supports_cpu": True,
            "supports_gpu": False,
        },
        "inputs": [{"name": VIDEO, "type": "types.Video", "description": "The video.", "required": True}],
        "parameters": [
            {**parameter, "name": f"{name}.{parameter['name']}"}
            for name, each in members.items()
            for parameter in each.document["parameters"]
        ],
        "outputs": [
            {
                "name": RESULTS, "type": "types.File", "description": "The output file of each analytic.",
                "filename": RESULTS, "post_as_data": False, "schema": None,
            }
        ],
        "zip_outputs": True,
    }  # fmt: skip
    return Analytic(document, lambda job: _process(job, members), tuple(dict.fromkeys(_modules(analytics))))


def _modules(analytics: Sequence[Analytic]) -> Sequence[str]:
    return [module for each in analytics for module in each.preload]


def _obstacle(document: AnalyticDocument) -> str | None:
    """Return why an analytic cannot be joined with others; None if it can."""
    required = [each["name"] for each in document["inputs"] if each["required"]]
    extensions = document.get("extensions", {})
    if required != [VIDEO]:
        return f"it needs the inputs {', '.join(required) or '(none)'}, and not a video alone"
    if extensions.get("secrets") or extensions.get("network"):
        return "it uses secrets or the network"
    if not document["outputs"] or any(output["post_as_data"] for output in document["outputs"]):
        return "it has no output file, or one that becomes data"
    return None


def _process(job: Job, members: Mapping[str, Analytic]) -> None:
    shared, group = SharedVideo(job.inputs[VIDEO]), _Group(job, len(members))
    inputs, filenames = {VIDEO: job.inputs[VIDEO]}, {VIDEO: job.filenames[VIDEO]}
    runs = {}
    for name, analytic in members.items():
        given = {
            parameter["name"]: job.parameters[f"{name}.{parameter['name']}"]
            for parameter in analytic.document["parameters"]
            if f"{name}.{parameter['name']}" in job.parameters
        }
        folder, seat = job.scratch / name, shared.seat()
        own = Job(analytic.document, inputs, given, folder, _Member(group, name), filenames, open_video=seat.open)
        runs[name] = SharedRun(analytic, own, seat)
    outputs, failures = run_side_by_side(runs)
    for name, error in failures.items():
        traceback.print_exception(error)
        job.warn(f"{name} failed: {error}")
    if not outputs:
        raise next(iter(failures.values()))
    results = job.output(RESULTS)
    results.mkdir()
    for name, paths in outputs.items():
        file = output_file(members[name].document, paths, job.scratch / name)
        if file is not None:
            shutil.move(file, results / f"{name}{file.suffix}")


class _Group:
    """Reports of the members as those of their common job, one at a time."""

    def __init__(self, job: Job, size: int) -> None:
        self.job = job
        self.lock = threading.Lock()
        self._size = size
        self._progress: dict[str, Progress] = {}

    def progress(self, name: str, progress: Progress) -> None:
        """Report the progress of the slowest member, once all have begun. The common job is not done before its end."""
        self._progress[name] = progress
        done = [each.get("frames_done", 0) for each in self._progress.values()]
        total = max(each.get("frames_total", 0) for each in self._progress.values())
        if len(done) == self._size and total:
            self.job.progress(min(*done, total - 1), total)


class _Member:
    """Reporter of one member."""

    def __init__(self, group: _Group, name: str) -> None:
        self._group = group
        self._name = name

    def progress(self, progress: Progress) -> None:
        with self._group.lock:
            self._group.progress(self._name, progress)

    def message(self, text: str) -> None:
        with self._group.lock:
            self._group.job.message(f"{self._name}: {text}")

    def warning(self, text: str) -> None:
        with self._group.lock:
            self._group.job.warn(text)

    def input_metadata(self, name: str, metadata: Mapping[str, JsonValue]) -> None:
        with self._group.lock:
            self._group.job.record_input(name, metadata)

    def job_metadata(self, metadata: MetadataReport) -> None:
        with self._group.lock:
            self._group.job.record_amount(
                metadata.get("frame_count", 0), metadata.get("duration_seconds", 0.0), metadata.get("size_bytes", 0)
            )
