"""Local runs: run an analytic on files in this process, without a server, for its author and for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxel51.labels.field_types import JsonValue
from voxel51.labels.media.shared_video import SharedVideo
from voxel51.platform.definition import Analytic
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.joined_analytics import VIDEO, SharedRun, run_side_by_side
from voxel51.platform.outputs import collect_outputs
from voxel51.platform.part_plan import planned_parts
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.tasks import MetadataReport, Progress


@dataclass(slots=True)
class LocalResult:
    """Outputs and reports of a local run.

    Attributes:
        outputs: output name -> path of the file, for every declared output.
        messages: messages of the job, in order.
        warnings: warnings for the owner, without duplicates.
        inputs: input name -> metadata.
        amount: the amount that was analysed; None if the analytic did not report it.
        progress: every progress report, in order.
    """

    outputs: dict[str, Path] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    inputs: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    amount: MetadataReport | None = None
    progress: list[Progress] = field(default_factory=list)


def run(
    analytic: Analytic,
    inputs: Mapping[str, Path | str],
    parameters: Mapping[str, JsonValue],
    folder: Path,
    secrets: Mapping[str, str] | None = None,
) -> LocalResult:
    """Run ``analytic`` once on local files and return its outputs under ``folder``.

    ``folder`` is created if it does not exist and must not hold an earlier run. Data parameters are given as paths. As
    on the server, the names of parameters are checked; values are not.

    Raises:
        ValueError: an input or parameter is unknown to the document, or a required one is missing.
        FileNotFoundError: an input file does not exist.
        FileExistsError: ``folder`` holds an earlier run.
        voxel51.platform.errors.InvalidInput: the analytic rejects the files or parameters.
        voxel51.platform.errors.MissingOutput: the analytic did not write a declared output.
    """
    document = analytic.document
    paths = {name: Path(path) for name, path in inputs.items()}
    _check(document, paths, parameters)
    result = LocalResult()
    job = Job(document, paths, parameters, folder, _Recorder(result), secrets=secrets)
    analytic.process(job)
    result.outputs = collect_outputs(document, job)
    return result


@dataclass(frozen=True, slots=True)
class TogetherResult:
    """Ends of analytics that ran together, by the names of the runs. Each run is in one of the two.

    Attributes:
        results: of the runs that completed.
        failures: errors of the others.
    """

    results: Mapping[str, LocalResult]
    failures: Mapping[str, Exception]


def run_together(
    runs: Mapping[str, tuple[Analytic, Mapping[str, JsonValue]]], video: Path | str, folder: Path
) -> TogetherResult:
    """Run several analytics, each with its parameters, on their input ``video``, which is decoded once.

    Outputs equal those of `run`. The analytics run side by side, each in a thread and in ``folder/<name of the run>``;
    the slowest sets the pace. One that fails does not affect the others. What cannot be shared is decoded again: other
    files, and a video that an analytic opens a second time. Analytics must not rely on state of the process.

    Raises:
        ValueError, FileNotFoundError, FileExistsError: see `run`; nothing has run.
    """
    paths, shared = {VIDEO: Path(video)}, SharedVideo(Path(video))
    results = {name: LocalResult() for name in runs}
    for analytic, parameters in runs.values():
        _check(analytic.document, paths, parameters)
    shared_runs = {}
    for name, (analytic, parameters) in runs.items():
        seat, recorder = shared.seat(), _Recorder(results[name])
        job = Job(analytic.document, paths, parameters, folder / name, recorder, open_video=seat.open)
        shared_runs[name] = SharedRun(analytic, job, seat)
    outputs, failures = run_side_by_side(shared_runs)
    for name, paths_of_run in outputs.items():
        results[name].outputs = paths_of_run
    return TogetherResult({name: result for name, result in results.items() if name in outputs}, failures)


def run_in_parts(
    analytic: Analytic, inputs: Mapping[str, Path | str], parameters: Mapping[str, JsonValue], folder: Path, count: int
) -> LocalResult:
    """Run ``analytic`` on ``count`` parts of its input ``video``, one after the other, and merge them.

    The arguments and the result are those of `run`; the outputs are in ``folder/merge``.

    Raises:
        ValueError: the analytic declares no splitting, or fewer frames than parts are selected; otherwise as `run`.
    """
    splitting, document = analytic.splitting, analytic.document
    if splitting is None:
        raise ValueError(f"{document['info']['name']} cannot run in parts: it declares no splitting")
    paths = {name: Path(path) for name, path in inputs.items()}
    _check(document, paths, parameters)
    (output,) = document["outputs"]
    parts = []
    for part in planned_parts(paths["video"], parameters, count, splitting.overlap_seconds):
        job = Job(document, paths, parameters, folder / str(part.number), _Recorder(LocalResult()), part=part)
        analytic.process(job)
        parts.append(PartOutput(part, collect_outputs(document, job)[output["name"]]))
    result = LocalResult()
    job = Job(document, paths, parameters, folder / "merge", _Recorder(result))
    splitting.write_merged(job, parts)
    result.outputs = collect_outputs(document, job)
    return result


def _check(document: AnalyticDocument, inputs: Mapping[str, Path], parameters: Mapping[str, JsonValue]) -> None:
    _check_names("input", inputs, {item["name"]: item["required"] for item in document["inputs"]})
    _check_names("parameter", parameters, {item["name"]: item["required"] for item in document["parameters"]})
    for name, path in inputs.items():
        if not path.is_file():
            raise FileNotFoundError(f"input {name!r}: file not found: {str(path)!r}")


def _check_names(kind: str, given: Mapping[str, JsonValue], declared: Mapping[str, bool]) -> None:
    for name in given:
        if name not in declared:
            raise ValueError(f"the analytic has no {kind} {name!r}; it has {sorted(declared)}")
    for name, required in declared.items():
        if required and name not in given:
            raise ValueError(f"the analytic needs the {kind} {name!r}")


class _Recorder:
    """Reporter that stores the reports of a job."""

    def __init__(self, result: LocalResult) -> None:
        self._result = result

    def progress(self, progress: Progress) -> None:
        self._result.progress.append(progress)

    def message(self, text: str) -> None:
        self._result.messages.append(text)

    def warning(self, text: str) -> None:
        self._result.warnings.append(text)

    def input_metadata(self, name: str, metadata: Mapping[str, JsonValue]) -> None:
        self._result.inputs[name] = dict(metadata)

    def job_metadata(self, metadata: MetadataReport) -> None:
        self._result.amount = metadata
