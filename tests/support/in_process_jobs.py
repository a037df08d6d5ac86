"""In-process jobs: run an analytic in the process of the test, and record its reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voxel51.labels.video import VideoLabels
from voxel51.platform.definition import Analytic
from voxel51.platform.job import Job
from voxel51.wire.tasks import MetadataReport, Progress


class Recorder:
    """Reporter that records the reports of a job."""

    def __init__(self) -> None:
        self.fractions: list[float | None] = []
        self.messages: list[str] = []
        self.warnings: list[str] = []
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self.amount: MetadataReport | None = None

    def progress(self, progress: Progress) -> None:
        self.fractions.append(progress.get("fraction"))

    def message(self, text: str) -> None:
        self.messages.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def input_metadata(self, name: str, metadata: Mapping[str, Any]) -> None:
        self.inputs[name] = metadata

    def job_metadata(self, metadata: MetadataReport) -> None:
        self.amount = metadata


def run_on(analytic: Analytic, video: Path, folder: Path, **parameters: Any) -> tuple[VideoLabels, Recorder]:
    """Run one job on ``video``, uploaded under its own name; return its labels and its reports."""
    recorder = Recorder()
    job = Job(analytic.document, {"video": video}, parameters, folder / "job", recorder)
    analytic.process(job)
    return VideoLabels.from_file(job.output("labels")), recorder
