"""Try an analytic on files, in this process, without a server: for its author and for tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voxel51.platform.analytic import Analytic
from voxel51.platform.job import Job
from voxel51.platform.outputs import collect_outputs
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.tasks import MetadataReport, Progress


@dataclass(slots=True)
class LocalResult:
    """What a run left and reported.

    Attributes:
        outputs: output name -> path of the file, for every declared output.
        messages: the job's story, in order.
        warnings: what its owner should know, each once.
        inputs: input name -> what was found out about it.
        amount: how much was analysed; None when the analytic did not say.
        progress: every report of progress, in order.
    """

    outputs: dict[str, Path] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    amount: MetadataReport | None = None
    progress: list[Progress] = field(default_factory=list)


def run(
    analytic: Analytic, inputs: Mapping[str, Path | str], parameters: Mapping[str, Any], folder: Path
) -> LocalResult:
    """Run ``analytic`` once, on files where they lie, and return what it left under ``folder``.

    ``folder`` is made when it is not there and must not hold an earlier run. Data parameters are given as paths.
    The analytic sees the parameters that the server would pass on: names are checked, values are not.

    Raises:
        ValueError: an input or parameter that the document does not know, or a required one that is not given.
        FileNotFoundError: an input is not there.
        FileExistsError: ``folder`` holds an earlier run.
        voxel51.platform.errors.InvalidInput: the files or parameters are at fault, says the analytic.
        voxel51.platform.errors.MissingOutput: the analytic left a declared output out.
    """
    document = analytic.document
    paths = {name: Path(path) for name, path in inputs.items()}
    _check(document, paths, parameters)
    result = LocalResult()
    job = Job(document, paths, parameters, folder, _Recorder(result))
    analytic.process(job)
    result.outputs = collect_outputs(document, job)
    return result


def _check(document: AnalyticDocument, inputs: Mapping[str, Path], parameters: Mapping[str, Any]) -> None:
    _check_names("input", inputs, {item["name"]: item["required"] for item in document["inputs"]})
    _check_names("parameter", parameters, {item["name"]: item["required"] for item in document["parameters"]})
    for name, path in inputs.items():
        if not path.is_file():
            raise FileNotFoundError(f"input {name!r}: there is no file {str(path)!r}")


def _check_names(kind: str, given: Mapping[str, Any], declared: Mapping[str, bool]) -> None:
    for name in given:
        if name not in declared:
            raise ValueError(f"the analytic has no {kind} {name!r}; it has {sorted(declared)}")
    for name, required in declared.items():
        if required and name not in given:
            raise ValueError(f"the analytic needs the {kind} {name!r}")


class _Recorder:
    """Keeps what a job reports."""

    def __init__(self, result: LocalResult) -> None:
        self._result = result

    def progress(self, progress: Progress) -> None:
        self._result.progress.append(progress)

    def message(self, text: str) -> None:
        self._result.messages.append(text)

    def warning(self, text: str) -> None:
        self._result.warnings.append(text)

    def input_metadata(self, name: str, metadata: Mapping[str, Any]) -> None:
        self._result.inputs[name] = dict(metadata)

    def job_metadata(self, metadata: MetadataReport) -> None:
        self._result.amount = metadata
