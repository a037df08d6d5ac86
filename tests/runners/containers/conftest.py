"""Fixtures: a runner on a real engine, and an image whose behaviour a test chooses by the variable JOB_ID."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from samples.platform import JobPlatform
from support.container_engines import engine_url
from support.file_host import FileHost, file_host
from support.podman import Podman
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.containers.policy import ContainerPolicy
from voxel51.runners.containers.runner import ContainerRunner
from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.programs import ImageProgram, StoredFile
from voxel51.wire.tasks import JOB_ID, JobLimits

__all__ = ["engine_url"]

LIMITS = JobLimits(
    wall_seconds=120, cpu_seconds=60, memory_bytes=512 << 20, file_bytes=1 << 30, open_files=256, processes=64,
    scratch_bytes=256 << 20, scratch_files=20_000,
)  # fmt: skip
IMAGE_BYTES = 4 << 30


class Bench:
    """A runner with what its attempts need, and the outcomes that it reported."""

    def __init__(self, runner: ContainerRunner, platform: JobPlatform, image: StoredFile) -> None:
        self.runner = runner
        self.platform = platform
        self.image = image
        self.outcomes: list[AttemptOutcome] = []
        self.changed = threading.Condition()

    def ended(self, outcome: AttemptOutcome) -> None:
        with self.changed:
            self.outcomes.append(outcome)
            self.changed.notify_all()

    def start(
        self, behaviour: str, attempt_id: str = "attempt1", image: StoredFile | None = None, **limits: Any
    ) -> None:
        environment = self.platform.environment | {JOB_ID: behaviour}
        program = ImageProgram(image or self.image, "CPU", is_image_to_video=False)
        self.runner.start(LaunchSpec(attempt_id, program, environment, {**LIMITS, **limits}))  # type: ignore[typeddict-item]

    def outcome(self, attempt_id: str = "attempt1") -> AttemptOutcome:
        def of_attempt() -> list[AttemptOutcome]:
            return [outcome for outcome in self.outcomes if outcome.attempt_id == attempt_id]

        with self.changed:
            assert self.changed.wait_for(of_attempt, LIMIT_SECONDS), f"no outcome of {attempt_id}: {self.outcomes}"
            return of_attempt()[0]

    def run(self, behaviour: str, image: StoredFile | None = None, **limits: Any) -> AttemptOutcome:
        self.start(behaviour, image=image, **limits)
        return self.outcome()


@pytest.fixture(scope="session")
def image_archive(podman: Podman, light_base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Archive of the image in ``behaviours``, as ``docker save`` writes it."""
    tag = podman.build(Path(__file__).parent / "behaviours", "localhost/behaviours:latest", {"BASE": light_base})
    return podman.save(tag, tmp_path_factory.mktemp("image") / "image.tar")


@pytest.fixture(scope="session")
def image_host(image_archive: Path) -> Iterator[FileHost]:
    """A host that serves the archive."""
    with file_host(image_archive.read_bytes()) as host:
        yield host


@cache
def stored(host: FileHost) -> StoredFile:
    """Return what the host serves, as a runner is told of it. Its content does not change."""
    return StoredFile(host.url, hashlib.sha256(host.content).hexdigest(), len(host.content))


@pytest.fixture
def engine(engine_url: str) -> Iterator[ContainerEngine]:
    """A second connection to the engine of the test, which sees what its runner does."""
    engine = ContainerEngine(engine_url)
    engine.connect()
    yield engine
    engine.close()


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(engine_url: str, image_host: FileHost, tmp_path: Path) -> Iterator[MakeBench]:
    """A function that makes a bench, whose arguments are those of a policy."""
    benches: list[Bench] = []

    def make(image_bytes: int = IMAGE_BYTES, **policy: Any) -> Bench:
        platform = JobPlatform()
        runner = ContainerRunner(
            tmp_path / "runner", ContainerEngine(engine_url), platform.url, ContainerPolicy(**policy), image_bytes
        )
        bench = Bench(runner, platform, stored(image_host))
        benches.append(bench)
        runner.open(bench.ended)
        wait_until(lambda: runner.unavailable_reason is None, lambda: str(runner.unavailable_reason))
        return bench

    yield make
    for bench in benches:
        bench.runner.close()
        bench.platform.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    """A runner with the default policy."""
    return make_bench()
