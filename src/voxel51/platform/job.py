"""Jobs: the inputs and parameters of an analytic, and its reports."""

import hashlib
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voxel51.labels.field_types import JsonValue
from voxel51.platform.checkpoint import Checkpoint
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frame_part import FramePart
from voxel51.platform.partial_labels import PartialLabels
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.tasks import MetadataReport, Progress

if TYPE_CHECKING:  # decoders take long to import, and some jobs have no video
    from voxel51.labels.media.shared_video import OpenVideo

PROGRESS_INTERVAL_SECONDS = 0.5
"""Minimum interval between two reports of progress."""

MOST_WARNINGS = 100

LONGEST_TEXT = 2000
"""Length limit of a warning or message, in characters."""


class Reporter(Protocol):
    """Receiver of a job's reports: the agent routes of the platform, or a terminal without a platform."""

    def progress(self, progress: Progress) -> None:
        """Report progress. Called at most twice a second, and once at the end."""

    def message(self, text: str) -> None:
        """Report a message for the job's status."""

    def warning(self, text: str) -> None:
        """Report a warning about a result that is nevertheless usable."""

    def input_metadata(self, name: str, metadata: Mapping[str, JsonValue]) -> None:
        """Report the metadata of an input (contract keys: ``frame_size``, ``frame_rate``, …)."""

    def job_metadata(self, metadata: MetadataReport) -> None:
        """Report the amount that was analysed."""


class Job:
    """One job, as its analytic uses it.

    Attributes:
        inputs: input name -> local path of the file, for every input of the job.
        parameters: parameter name -> value, with the defaults of the document. Data parameters are local paths.
        partial: labels that can be seen before the end of the job.
        progress_share: share of the whole work that `progress` is about; 1 unless work follows the last frame.
        checkpoint: state from which the job goes on if its process is lost.
        scratch: an empty folder of the job, deleted after it.
        filenames: input name -> file name under which the owner uploaded it.
        part: the frames that this attempt answers for, if the job is split; None for all that are selected.
        open_video: opens a video that is decoded for several jobs; None: the job decodes its video itself.
    """

    def __init__(
        self,
        document: AnalyticDocument,
        inputs: Mapping[str, Path],
        parameters: Mapping[str, JsonValue],
        folder: Path,
        reporter: Reporter,
        filenames: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        partial: PartialLabels | None = None,
        checkpoint: Checkpoint | None = None,
        part: FramePart | None = None,
        open_video: "OpenVideo | None" = None,
    ) -> None:
        self.part = part
        self.open_video = open_video
        self.inputs = inputs
        self._info = document["info"]
        self._weights: dict[str, str] = {}
        defaults = {p["name"]: p["default"] for p in document["parameters"] if "default" in p}
        self.parameters: Mapping[str, JsonValue] = {**defaults, **parameters}
        self.filenames = filenames or {name: path.name for name, path in inputs.items()}
        self._secrets = secrets or {}
        self.scratch = folder / "scratch"
        self.scratch.mkdir(parents=True)
        self.partial = partial or PartialLabels()
        self.progress_share = 1.0
        self.checkpoint = checkpoint or Checkpoint(self.partial)
        self.warnings: list[str] = []
        self._outputs = {output["name"]: folder / "outputs" / output["filename"] for output in document["outputs"]}
        (folder / "outputs").mkdir()
        self._reporter = reporter
        self._reported_at = float("-inf")
        for text in self.checkpoint.follow_warnings(lambda: self.warnings):
            self.warn(text)

    def output(self, name: str) -> Path:
        """Return the path to which the output ``name`` must be written.

        Raises:
            KeyError: the document declares no such output.
        """
        return self._outputs[name]

    @property
    def outputs(self) -> Mapping[str, Path]:
        """Paths of the declared outputs by name."""
        return self._outputs

    def secret(self, name: str) -> str:
        """Return the secret ``name``, which the manifest declares.

        Raises:
            InvalidInput: the owner of the job has not granted it to this analytic, or has deleted it since.
        """
        if name not in self._secrets:
            raise InvalidInput(f"The secret {name!r} is not available. Store it and grant it to this analytic.")
        return self._secrets[name]

    def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Report that ``done`` of ``total`` frames are done. The call is cheap: make it for every frame."""
        now = time.monotonic()
        finished = total is not None and done >= total
        if now - self._reported_at < PROGRESS_INTERVAL_SECONDS and not finished:
            return
        self._reported_at = now
        progress: Progress = {"frames_done": done}
        if total:
            progress["frames_total"] = total
            progress["fraction"] = min(done / total, 1.0) * self.progress_share
        if message is not None:
            progress["message"] = message
        self._reporter.progress(progress)

    def message(self, text: str) -> None:
        """Add a message to the job's status."""
        self._reporter.message(text[:LONGEST_TEXT])

    def warn(self, text: str) -> None:
        """Warn the owner about the result, once per text. Labels repeat the warnings (`Job.warnings`).

        After `MOST_WARNINGS`, one warning says that there are more.
        """
        if len(self.warnings) > MOST_WARNINGS or text in self.warnings:
            return
        text = text[:LONGEST_TEXT] if len(self.warnings) < MOST_WARNINGS else "further warnings are left out"
        self.warnings.append(text)
        self._reporter.warning(text)

    def record_weights(self, name: str, sha256: str) -> None:
        """Record weights that are used; the provenance of the outputs names them."""
        self._weights[name] = sha256

    @property
    def weights(self) -> Mapping[str, str]:
        """SHA-256 of the weights that are used, by name."""
        return self._weights

    def provenance(self) -> dict[str, JsonValue]:
        """Return the provenance of the outputs: everything that is needed to compute them again.

        Keys: ``analytic``, ``version``, ``platform_version``, ``parameters`` (with defaults, files by their SHA-256),
        ``inputs`` (name -> ``filename``, ``sha256``, ``size_bytes``), ``weights`` (name -> SHA-256).
        """
        inputs = {
            name: {
                "filename": self.filenames.get(name, path.name),
                "sha256": sha256_of(path),
                "size_bytes": path.stat().st_size,
            }
            for name, path in self.inputs.items()
        }
        return {
            "analytic": self._info["name"],
            "version": self._info["version"],
            "platform_version": version("voxel51-platform"),
            "parameters": {
                name: sha256_of(value) if isinstance(value, Path) else value for name, value in self.parameters.items()
            },
            "inputs": inputs,
            "weights": dict(self._weights),
        }

    def record_input(self, name: str, metadata: Mapping[str, JsonValue]) -> None:
        """Report metadata of the input ``name``: ``frame_size``, ``frame_rate``, ``duration``, …"""
        self._reporter.input_metadata(name, metadata)

    def record_amount(self, frame_count: int, duration_seconds: float, size_bytes: int) -> None:
        """Report the amount that was analysed."""
        self._reporter.job_metadata(
            {"frame_count": frame_count, "duration_seconds": duration_seconds, "size_bytes": size_bytes}
        )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
