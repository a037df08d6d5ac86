"""Frame processes: frames for an image-to-video container, and the judgement of what it leaves.

Each test does what the container would do; the frame job is real.
"""

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from samples.platform import JobPlatform
from support.documentation_pages import ROOT
from support.sandboxes import strongest_sandbox
from support.video_samples import number_in, numbered_video
from support.waiting import wait_until
from voxel51.labels.media.still_images import read_image
from voxel51.runners.containers.frame_processes import FURTHER_FILES, INPUTS_FOLDER, OUTPUTS_FOLDER, FrameProcesses
from voxel51.runners.containers.frames import MountedFolders
from voxel51.runners.interface import AttemptOutcome, ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import ImageProgram, StoredFile
from voxel51.wire.tasks import JobLimits

FRAME_JOB = ROOT / "src" / "voxel51" / "image2video" / "frame_job.py"
IMAGE = ImageProgram(StoredFile("http://127.0.0.1/image", "0" * 64, 1), "CPU", is_image_to_video=True)
LIMITS = JobLimits(
    wall_seconds=120, cpu_seconds=120, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256, scratch_bytes=1 << 28,
    scratch_files=5000,
)  # fmt: skip
ONE_OBJECT = {"frames": {"2": {"frame_number": 2, "objects": {"objects": [{"label": "car"}]}}}}


class ImageRun:
    """One run of an image: its frame job is real, and the test does what the container would do."""

    def __init__(self, jobs: FrameProcesses, platform: JobPlatform, folder: Path) -> None:
        self.jobs = jobs
        self.platform = platform
        self.folder = folder
        folder.mkdir(mode=0o700)
        self.launch = LaunchSpec("attempt1", IMAGE, platform.environment, LIMITS)

    def prepare(self) -> MountedFolders | AttemptOutcome:
        return self.jobs.prepare(self.launch, self.folder)

    def mounts(self) -> tuple[Path, Path]:
        """Prepare, and return the folders with the inputs and for the outputs."""
        mounted = self.prepare()
        assert isinstance(mounted, MountedFolders), mounted
        return mounted.read_only[INPUTS_FOLDER], mounted.writable[OUTPUTS_FOLDER]

    def conclude(self, reason: ExitReason = ExitReason.EXITED, code: int | None = 0) -> AttemptOutcome:
        outcome = AttemptOutcome("attempt1", reason, code, "The container ended.", b"printed by the image\n")
        return self.jobs.conclude(self.launch, self.folder, outcome)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[JobPlatform]:
    """The platform of a job with a video of five frames."""
    platform = JobPlatform(inputs={"video": "film.mp4"})
    platform.files["film.mp4"] = (numbered_video(tmp_path / "film.mp4", frames=5).read_bytes(), None)
    yield platform
    platform.close()


@pytest.fixture
def run(platform: JobPlatform, tmp_path: Path) -> Iterator[ImageRun]:
    folder = tmp_path / "frame-jobs"
    processes = ProcessRunner(folder, policy=strongest_sandbox().showing(ROOT / "src"))
    jobs = FrameProcesses(folder, processes, FRAME_JOB)
    yield ImageRun(jobs, platform, tmp_path / "attempt")
    jobs.close()


def test_every_frame_is_an_image_that_other_users_can_read(run: ImageRun) -> None:
    inputs, outputs = run.mounts()

    frames = sorted((inputs / "frames").iterdir())
    assert [path.name for path in frames] == [f"{number:06d}.jpg" for number in range(1, 6)]
    assert [number_in(read_image(path)) for path in frames] == [1, 2, 3, 4, 5]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (inputs, inputs / "frames", frames[0], outputs)]
    assert modes == [0o755, 0o755, 0o644, 0o777]
    run.conclude()


def test_labels_become_the_output_and_the_log_has_what_the_image_printed(run: ImageRun) -> None:
    _, outputs = run.mounts()
    (outputs / "labels.json").write_text(json.dumps(ONE_OBJECT))

    outcome = run.conclude(code=3)  # scripts often hide the exit code, so only the labels count

    platform = run.platform
    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, 0), outcome.log
    assert [each["state"] for each in platform.states] == ["RUNNING", "COMPLETE"]
    assert json.loads(platform.stored["output"][-1]) == ONE_OBJECT
    assert platform.amounts[-1]["frame_count"] == 5
    assert platform.status["inputs"]["video"]["frame_size"] == [320, 180]
    assert "5 frames extracted" in platform.status["messages"][1]["message"]
    assert "printed by the image" in platform.log
    assert list((run.folder.parent / "frame-jobs").glob("attempt*")) == []


def test_progress_is_half_while_the_image_runs_and_complete_afterwards(run: ImageRun) -> None:
    def published() -> list[dict[str, Any]]:
        return [json.loads(each).get("progress", {}) for each in run.platform.stored["status"]]

    _, outputs = run.mounts()
    wait_until(lambda: any("message" in each for each in published()), "no progress after the extraction")
    (outputs / "labels.json").write_text("{}")
    fractions = [each.get("fraction", 0) for each in published()]

    run.conclude()

    assert max(fractions) == 0.5
    assert run.platform.status["progress"]["fraction"] == 1


def test_empty_labels_are_valid(run: ImageRun) -> None:
    _, outputs = run.mounts()
    (outputs / "labels.json").write_text("{}")

    run.conclude()

    assert run.platform.states[-1] == {"state": "COMPLETE"}


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_secret(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def sparse_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        pytest.param(lambda _path: None, "it wrote no labels.json", id="nothing"),
        pytest.param(Path.mkdir, "is not a file", id="folder"),
        pytest.param(fifo, "is not a file", id="pipe"),
        pytest.param(link_to_secret, "cannot be read", id="link"),
        pytest.param(sparse_file, "the limit is", id="huge"),
        pytest.param(lambda path: path.write_text("no JSON"), "is not JSON", id="text"),
        pytest.param(lambda path: path.write_text('{"frames": []}'), "not valid labels", id="invalid"),
    ],
)
def test_missing_and_invalid_labels_are_failures_of_the_analytic(
    run: ImageRun, leave: Callable[[Path], object], reason: str
) -> None:
    _, outputs = run.mounts()
    leave(outputs / "labels.json")

    run.conclude()

    assert run.platform.states[-1] == {"state": "FAILED", "failure_type": "ANALYTIC"}
    assert reason in run.platform.status["messages"][-1]["message"]
    assert "printed by the image" in run.platform.log
    assert "output" not in run.platform.stored


def test_defects_that_readers_accept_are_warnings(run: ImageRun) -> None:
    _, outputs = run.mounts()
    (outputs / "labels.json").write_text('{"frames": {"9": {"frame_number": 9}}}')

    run.conclude()

    assert run.platform.states[-1] == {"state": "COMPLETE"}
    assert "the video has 5 frames" in run.platform.status["warnings"][0]


def test_a_file_that_is_no_video_is_the_fault_of_its_owner(run: ImageRun) -> None:
    run.platform.files["film.mp4"] = (b"this is a letter", None)

    outcome = run.prepare()

    assert isinstance(outcome, AttemptOutcome)
    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, 1)
    assert run.platform.states[-1] == {"state": "FAILED", "failure_type": "USER"}


def test_a_video_that_is_too_long_is_rejected_with_both_figures(run: ImageRun) -> None:
    run.launch = replace(run.launch, limits={**LIMITS, "scratch_files": FURTHER_FILES + 3})

    outcome = run.prepare()

    assert isinstance(outcome, AttemptOutcome)
    assert run.platform.states[-1] == {"state": "FAILED", "failure_type": "USER"}
    message = run.platform.status["messages"][-1]["message"]
    assert "its 5 frames need 0.0 GB, and the limit is 3 frames and 0.3 GB" in message


@pytest.mark.parametrize("reason", [ExitReason.OVER_TIME, ExitReason.OVER_MEMORY, ExitReason.STOPPED, ExitReason.LOST])
def test_a_container_that_was_ended_decides_the_attempt_and_nothing_is_reported(
    run: ImageRun, reason: ExitReason
) -> None:
    _, outputs = run.mounts()
    (outputs / "labels.json").write_text("{}")

    outcome = run.conclude(reason, None)

    assert (outcome.exit_reason, outcome.log) == (reason, b"printed by the image\n")
    assert run.platform.states == [{"state": "RUNNING"}]


def test_an_attempt_that_is_stopped_during_the_extraction_ends(
    run: ImageRun, platform: JobPlatform, tmp_path: Path
) -> None:
    platform.files["film.mp4"] = (numbered_video(tmp_path / "long.mp4", frames=3000).read_bytes(), None)
    stop = threading.Thread(
        target=lambda: (platform.wait_for("GET", "/film.mp4"), run.jobs.stop("attempt1"))  # type: ignore[func-returns-value]
    )
    stop.start()

    outcome = run.prepare()

    stop.join()
    assert isinstance(outcome, AttemptOutcome)
    assert outcome.exit_reason is ExitReason.STOPPED


def test_a_job_whose_container_never_ran_leaves_nothing(run: ImageRun) -> None:
    inputs, _ = run.mounts()

    run.jobs.discard(run.launch)

    assert not inputs.exists()
    run.jobs.discard(run.launch)


def test_rotated_frames_are_upright(run: ImageRun, platform: JobPlatform, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "rotated.mp4", frames=2, rotation=90)
    platform.files["film.mp4"] = (video.read_bytes(), None)

    inputs, _ = run.mounts()

    with av.open(str(inputs / "frames" / "000001.jpg")) as image:
        assert (image.streams.video[0].width, image.streams.video[0].height) == (180, 320)
    run.conclude()
