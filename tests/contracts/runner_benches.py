"""Benches: one runner each, with what its attempts need and the outcomes that it reported."""

import hashlib
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from samples.analytics import LEFT
from samples.bundles import sample_bundle
from samples.installed import install
from samples.platform import JobPlatform
from support.file_host import FileHost
from support.sandboxes import strongest_sandbox
from support.waiting import LIMIT_SECONDS
from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.containers.policy import ContainerPolicy
from voxel51.runners.containers.runner import ContainerRunner
from voxel51.runners.environments.bundle_runner import BundleRunner, BundleRunnerSettings
from voxel51.runners.environments.store import EnvironmentStore
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import ImageProgram, PackageProgram, StoredFile
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.wire.tasks import LOGFILE_SIGNED_URL, JobLimits

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)
PRELOADED = ["samples/no-op", "samples/sleep"]
IMAGE_BYTES = 4 << 30


class Bench:
    """Runner with what its attempts need, and the outcomes that it reported. Its attempts work below ``folder``."""

    def __init__(self, runner, platform, folder=None):
        self.runner = runner
        self.platform = platform
        self.folder = folder or runner._folder
        self.outcomes = []
        self.changed = threading.Condition()

    def ended(self, outcome):
        print(outcome)  # which pytest shows when the test fails
        with self.changed:
            self.outcomes.append(outcome)
            self.changed.notify_all()

    def start(self, name, attempt_id="attempt1", **limits):
        launch = LaunchSpec(attempt_id, self.program(name), self.environment(name), {**LIMITS, **limits})
        return self.runner.start(launch)

    def program(self, name):
        return PackageProgram(f"samples/{name}")

    def environment(self, _name):
        return self.platform.environment

    def outcome(self, attempt_id="attempt1"):
        def of_attempt():
            return [outcome for outcome in self.outcomes if outcome.attempt_id == attempt_id]

        with self.changed:
            assert self.changed.wait_for(of_attempt, LIMIT_SECONDS), f"no outcome of {attempt_id}: {self.outcomes}"
            return of_attempt()[0]

    def run(self, name, **limits):
        self.start(name, **limits)
        return self.outcome()

    def kill_from_outside(self, process):
        """Kill a running attempt as the kernel, or another program, would."""
        os.kill(process.pid, signal.SIGKILL)

    def left_behind(self):
        """Return the processes that attempts of this runner have started with `samples.analytics.leave_behind`."""
        return left_behind(self.folder)

    def close(self):
        self.runner.close()
        self.platform.close()


class BundleBench(Bench):
    """Bench whose samples are bundles without requirements, and on this machine already."""

    def program(self, name):
        program = sample_bundle(self.platform, name)
        self.runner.prepare(program)
        return program


class ContainerBench(Bench):
    """Bench whose samples are in one image. The link for the log names the sample, since an image gets no arguments."""

    FOLDER = "/sample-work"

    def __init__(self, runner, platform, image: FileHost):
        super().__init__(runner, platform)
        self._image = StoredFile(image.url, hashlib.sha256(image.content).hexdigest(), len(image.content))

    def program(self, _name):
        return ImageProgram(self._image, "CPU", is_image_to_video=False)

    def environment(self, name):
        environment = self.platform.environment
        return environment | {LOGFILE_SIGNED_URL: f"{environment[LOGFILE_SIGNED_URL]}&sample={name}"}

    def kill_from_outside(self, _process):
        self.platform.wait_for("POST", "/v1/jobs/job1/begin")
        self.runner._engine.kill(self.runner._attempts["attempt1"].container._id)

    def left_behind(self):
        return left_behind(self.FOLDER)


def package_bench(kind, platform, folder):
    """Return a bench of installed analytics; ``kind`` is the mode, and whether a sandbox confines attempts."""
    mode, _, sandboxed = kind.partition("-")
    policy = strongest_sandbox() if sandboxed else SandboxPolicy()
    runner = ProcessRunner(
        folder / "runner", PRELOADED, mode=mode, module_folders=install(folder / "dist"), threads=2, policy=policy
    )
    return Bench(runner, platform)


def bundle_bench(kind, platform, folder):
    """Return a bench of bundles; ``kind`` ends with the mode."""
    settings = BundleRunnerSettings(mode=kind.removeprefix("bundle-"), threads=2)
    store = EnvironmentStore(folder / "environments", strongest_sandbox())
    runner = BundleRunner(folder / "bundles", store, strongest_sandbox(), settings)
    return BundleBench(runner, platform, folder / "bundles" / "running")


def container_bench(engine_url, image, platform: JobPlatform, folder: Path):
    """Return a bench of containers of one engine."""
    engine = ContainerEngine(engine_url)
    runner = ContainerRunner(folder / "runner", engine, platform.url, ContainerPolicy(), IMAGE_BYTES)
    return ContainerBench(runner, platform, image)


def wait_until(condition):
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the state was not reached"
        time.sleep(0.005)


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def left_behind(folder):
    """Return the processes that `samples.analytics.leave_behind` has started below ``folder``."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            arguments = process.cmdline()
            if LEFT in arguments and arguments[-1].startswith(str(folder)) and is_running(process.pid):
                found.append(process.pid)
    return found
