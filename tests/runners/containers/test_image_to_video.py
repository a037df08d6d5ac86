"""Image-to-video images on real engines: the example, run by the runner on the frames of a real video."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runners.containers.conftest import IMAGE_BYTES, LIMITS, Bench, stored
from samples.platform import JobPlatform
from support.documentation_pages import ROOT
from support.file_host import FileHost, file_host
from support.podman import Podman
from support.sandboxes import strongest_sandbox
from support.video_samples import numbered_video
from voxel51.labels.video import VideoLabels
from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.containers.frame_processes import FrameProcesses
from voxel51.runners.containers.policy import ContainerPolicy
from voxel51.runners.containers.runner import ContainerRunner
from voxel51.runners.interface import AttemptOutcome, ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import ImageProgram

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

FRAME_JOB = ROOT / "src" / "voxel51" / "image2video" / "frame_job.py"
HOSTILE_FRAME_JOB = ROOT / "tests" / "samples" / "hostile_frames.py"


@pytest.fixture(scope="session")  # the tests of one engine come after those of the other
def example(podman: Podman, sdk_base: str) -> str:
    return podman.build(ROOT / "examples" / "image-to-video", "localhost/bright-spots:latest", {"BASE": sdk_base})


@pytest.fixture(scope="session")  # the tests of one engine come after those of the other
def example_host(podman: Podman, example: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileHost]:
    archive = podman.save(example, tmp_path_factory.mktemp("example") / "image.tar")
    with file_host(archive.read_bytes()) as host:
        yield host


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[JobPlatform]:
    """The platform of a job with a video of five frames."""
    platform = JobPlatform(inputs={"video": "film.mp4"})
    platform.files["film.mp4"] = (numbered_video(tmp_path / "film.mp4", frames=5).read_bytes(), None)
    yield platform
    platform.close()


@contextmanager
def running(url: str, platform: JobPlatform, image: FileHost, folder: Path, frame_job: Path) -> Iterator[Bench]:
    """Run images on the engine at ``url``, beside this frame job."""
    processes = ProcessRunner(folder / "frame-jobs", policy=strongest_sandbox().showing(frame_job.parent))
    frames = FrameProcesses(folder / "frame-jobs", processes, frame_job)
    runner = ContainerRunner(
        folder / "runner", ContainerEngine(url), platform.url, ContainerPolicy(), IMAGE_BYTES, frames
    )
    bench = Bench(runner, platform, stored(image))
    runner.open(bench.ended)
    assert runner.unavailable_reason is None
    yield bench
    runner.close()


@pytest.fixture
def bench(engine_url: str, example_host: FileHost, platform: JobPlatform, tmp_path: Path) -> Iterator[Bench]:
    with running(engine_url, platform, example_host, tmp_path, FRAME_JOB) as bench:
        yield bench


def run(bench: Bench) -> AttemptOutcome:
    program = ImageProgram(bench.image, "CPU", is_image_to_video=True)
    bench.runner.start(LaunchSpec("attempt1", program, bench.platform.environment, LIMITS))
    return bench.outcome()


def test_an_image_labels_the_frames_of_a_video(bench: Bench, tmp_path: Path) -> None:
    outcome = run(bench)

    platform = bench.platform
    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, 0), outcome
    assert platform.states == [{"state": "RUNNING"}, {"state": "COMPLETE"}]
    labels = VideoLabels.from_json(json.loads(platform.stored["output"][-1]))
    assert sorted(labels.frames) == [1, 2, 3, 4, 5]
    assert {each.label for each in labels.frames[5].objects} == {"bright spot"}
    assert platform.amounts[-1]["frame_count"] == 5
    assert "frame 5 done" in platform.log
    assert list((tmp_path / "frame-jobs").glob("attempt*")) == []


def test_a_video_that_cannot_be_read_starts_no_container(bench: Bench) -> None:
    bench.platform.files["film.mp4"] = (b"this is a letter", None)

    outcome = run(bench)

    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, 1)
    assert bench.platform.states[-1] == {"state": "FAILED", "failure_type": "USER"}


@pytest.fixture(scope="session")  # the tests of one engine come after those of the other
def silent_host(podman: Podman, example: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileHost]:
    """An image that looks for a network and leaves no labels."""
    folder = tmp_path_factory.mktemp("silent")
    (folder / "main.py").write_text(
        "import os, socket\n"
        "print('variables', sorted(name for name in os.environ if 'API' in name or 'URL' in name))\n"
        "print('networks', [name for _, name in socket.if_nameindex()])\n"
        "print('frames', os.path.exists('/shared/user/inputs/frames'), os.listdir('/shared/user/inputs'))\n"
        "try:\n    open('/shared/user/inputs/frames/000001.jpg', 'wb')\nexcept OSError as error:\n    print(error)\n"
    )
    (folder / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY main.py /app/\n")
    tag = podman.build(folder, "localhost/silent:latest", {"BASE": example})
    with file_host(podman.save(tag, folder / "image.tar").read_bytes()) as host:
        yield host


def test_an_image_has_no_network_and_cannot_write_frames(bench: Bench, silent_host: FileHost) -> None:
    bench.image = stored(silent_host)

    run(bench)

    assert bench.platform.states[-1] == {"state": "FAILED", "failure_type": "ANALYTIC"}
    assert "the image left no labels: it wrote no labels.json" in bench.platform.status["messages"][-1]["message"]
    assert "variables []" in bench.platform.log
    assert "networks ['lo']" in bench.platform.log
    assert "Read-only file system" in bench.platform.log


def test_a_frame_job_that_was_taken_over_shows_the_image_nothing_of_the_machine(
    engine_url: str, platform: JobPlatform, silent_host: FileHost, tmp_path: Path
) -> None:
    with running(engine_url, platform, silent_host, tmp_path, HOSTILE_FRAME_JOB) as bench:
        outcome = run(bench)

    assert b"frames False" in outcome.log, outcome
    assert not (HOSTILE_FRAME_JOB.parent / "overwritten").exists()
