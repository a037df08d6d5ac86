"""Local runs: run an analytic on files in this process, without a server, for its author and for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voxel51.labels.field_types import JsonValue
from voxel51.platform.definition import Analytic
from voxel51.platform.job import Job
from voxel51.platform.outputs import collect_outputs
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
