"""Cost of a job in a container: from its launch to its outcome, beside ``podman run`` of the same image, alternating.

The image does nothing, and is loaded before. Skipped where Podman cannot be used.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from shutil import which

from benchmarks.support.figures import Figure
from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.containers.policy import ContainerPolicy
from voxel51.runners.containers.runner import ContainerRunner
from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.programs import ImageProgram, StoredFile
from voxel51.wire.tasks import JobLimits

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from support.container_bases import base_image
from support.container_engines import podman_service
from support.file_host import file_host
from support.podman import Podman

RUNS = 15
WARM_UP = 2
LIMITS = JobLimits(
    wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 30, open_files=1024, processes=256,
    scratch_bytes=1 << 30, scratch_files=100_000,
)  # fmt: skip
_DOCKERFILE = 'ARG BASE\nFROM ${BASE}\nCMD ["true"]\n'


def measure() -> list[Figure]:
    if which("podman") is None or which("runc") is None or os.geteuid() != 0:
        return []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voxel51-bench-")))
        podman = Podman(Path(tempfile.mkdtemp(prefix="voxel51-podman-")))
        stack.callback(podman.close)
        (folder / "Dockerfile").write_text(_DOCKERFILE)
        tag = podman.build(folder, "localhost/nothing", {"BASE": base_image(podman)})
        url = stack.enter_context(podman_service(podman))
        content = podman.save(tag, folder / "image.tar").read_bytes()
        host = stack.enter_context(file_host(content))
        image = StoredFile(host.url, sha256(content).hexdigest(), len(content))
        jobs = stack.enter_context(_jobs(folder, url, image))
        command = ["podman", "run", "--rm", "--network=none", tag]
        bare = lambda: subprocess.run(command, env={**os.environ, **podman.environment}, check=True)  # noqa: E731
        pairs = [(_ms(jobs.run), _ms(bare)) for _ in range(WARM_UP + RUNS)][WARM_UP:]
    ours, others = [one for one, _ in pairs], [other for _, other in pairs]
    return [Figure("no-op job in a container", "ms", ours, "podman run", others, "≤ 1.3")]


class _Jobs:
    """Runs one attempt after the other."""

    def __init__(self, image: StoredFile) -> None:
        self._program = ImageProgram(image, "CPU", is_image_to_video=False)
        self._ended = threading.Event()
        self._count = 0
        self.runner: ContainerRunner | None = None

    def ended(self, outcome: AttemptOutcome) -> None:
        assert outcome.exit_code == 0, outcome
        self._ended.set()

    def run(self) -> None:
        assert self.runner is not None
        self._count += 1
        self._ended.clear()
        self.runner.start(LaunchSpec(f"attempt{self._count}", self._program, {}, LIMITS))
        assert self._ended.wait(120)


@contextmanager
def _jobs(folder: Path, url: str, image: StoredFile) -> Iterator[_Jobs]:
    jobs = _Jobs(image)
    jobs.runner = ContainerRunner(
        folder / "runner", ContainerEngine(url), "http://127.0.0.1:9/v1", ContainerPolicy(), image_bytes=1 << 34
    )
    jobs.runner.open(jobs.ended)
    try:
        yield jobs
    finally:
        jobs.runner.close()


def _ms(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1e3
