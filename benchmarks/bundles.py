"""Cost of bundles: a job of a one-file bundle beside the same analytic as an installed package, and their builds.

Both jobs are run by the runners of a platform, in the same sandbox and against the same local server, alternating. The
zygote has the package in memory; the job of the bundle imports its file.
"""

import hashlib
import io
import tarfile
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from benchmarks.no_op_job import interpreter_ms
from benchmarks.support import one_file_analytic
from benchmarks.support.figures import Figure
from voxel51.runners.environments.bundle_runner import BundleRunner
from voxel51.runners.environments.store import EnvironmentStore, StoreSettings
from voxel51.runners.environments.uv import IndexSettings
from voxel51.runners.interface import AttemptOutcome, Runner
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.local_job import LocalJob
from voxel51.runners.local_platform import LocalPlatform
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import BundleProgram, PackageProgram, Program, StoredFile
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.runners.sandbox.probe import examine
from voxel51.wire.tasks import JobLimits, TaskState

RUNS = 60
WARM_UP = 10
BUILDS = 7
PAUSE_SECONDS = 0.3
"""Pause between two jobs, in which each runner prepares its next process."""

SOURCE = Path(one_file_analytic.__file__)
LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)


def measure() -> list[Figure]:
    policy = examine().policy
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voxel51-bench-")))
        store = EnvironmentStore(folder / "environments", policy, StoreSettings(IndexSettings(url="")))
        store.open()
        builds = [(_build_ms(store, folder / f"source-{number}"), interpreter_ms()) for number in range(BUILDS)]
        jobs = _jobs(stack, folder, store, policy)
    built, interpreters = zip(*builds, strict=True)
    ours, package = zip(*jobs, strict=True)
    return [
        Figure("job of a one-file bundle", "ms", ours, "installed package", package, "≤ 1.5"),
        Figure("build of a bundle without requirements", "ms", built, "python -I -S -c pass", interpreters, "≤ 15 s"),
    ]


def _build_ms(store: EnvironmentStore, folder: Path) -> float:
    folder.mkdir(mode=0o755)
    source = folder / SOURCE.name
    source.write_text(SOURCE.read_text())
    started = time.perf_counter()
    resolved = store.resolve(source, lambda _line: None)
    with store.prepare(resolved.lock, lambda _line: None) as environment:
        store.describe(environment, source)
    return (time.perf_counter() - started) * 1e3


def _jobs(stack: ExitStack, folder: Path, store: EnvironmentStore, policy: SandboxPolicy) -> list[tuple[float, float]]:
    archive = folder / "archive"
    archive.write_bytes(_archive())
    job = LocalJob("bench/one-file", "one-file", "1.0.0", {"plan": SOURCE, "archive": archive}, {}, {})
    platform = LocalPlatform(job, folder, _ignore)
    stack.enter_context(platform)
    bundles = _Bench(BundleRunner(folder / "bundles", store, policy), platform)
    packages = _Bench(_package_runner(folder, policy), platform)
    stack.callback(bundles.runner.close)
    stack.callback(packages.runner.close)
    program = _program(platform, archive)
    package = PackageProgram("bench/one-file")
    pairs = [(bundles.job_ms(program), packages.job_ms(package)) for _ in range(WARM_UP + RUNS)]
    return pairs[WARM_UP:]


def _package_runner(folder: Path, policy: SandboxPolicy) -> ProcessRunner:
    information = folder / "installed" / "bench_one_file-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-one-file\nVersion: 1.0\n")
    entry_point = "bench/one-file = benchmarks.support.one_file_analytic:one_file"
    (information / "entry_points.txt").write_text(f"[voxel51.analytics]\n{entry_point}\n")
    folders = [information.parent, SOURCE.parents[2]]
    return ProcessRunner(folder / "packages", ["bench/one-file"], module_folders=folders, policy=policy)


def _archive() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.add(SOURCE, SOURCE.name)
    return content.getvalue()


def _program(platform: LocalPlatform, archive: Path) -> BundleProgram:
    content = archive.read_bytes()
    link = platform.task["inputs"]["archive"]["signed-url"]  # type: ignore[index]
    stored = StoredFile(quote(link, ":/"), hashlib.sha256(content).hexdigest(), len(content))
    return BundleProgram(stored, SOURCE.name, "")


def _ignore(_status: object) -> None:
    """Take no notice of the status of a job."""


class _Bench:
    """Open runner, one job at a time."""

    def __init__(self, runner: Runner, platform: LocalPlatform) -> None:
        self.runner = runner
        self._platform = platform
        self._ended = threading.Event()
        self._number = 0
        self._outcome: AttemptOutcome | None = None
        runner.open(self._end)

    def job_ms(self, program: Program) -> float:
        """Return the time from the start of a job to its last report."""
        time.sleep(PAUSE_SECONDS)
        self._number += 1
        self._ended.clear()
        self._platform.state = None
        launch = LaunchSpec(f"attempt-{self._number}", program, self._platform.environment, LIMITS)
        started = time.perf_counter()
        self.runner.start(launch)
        while self._platform.state is not TaskState.COMPLETE:
            assert self._outcome is None or self._platform.state is TaskState.COMPLETE, self._outcome
            time.sleep(0.0005)
        taken = time.perf_counter() - started
        self._ended.wait()
        self._outcome = None
        return taken * 1e3

    def _end(self, outcome: AttemptOutcome) -> None:
        self._outcome = outcome
        self._ended.set()
