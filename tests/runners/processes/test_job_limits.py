"""Limits of a job as a whole: a job that exceeds one by several processes, or by one that escaped, is ended."""

import pytest

from contracts.runner_benches import Bench, left_behind
from samples.installed import install
from samples.platform import JobPlatform
from support.sandboxes import strongest_sandbox
from voxel51.runners.interface import ExitReason
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.sandbox.policy import SandboxPolicy

OVER = {
    "many-processes": ({"processes": 20}, ExitReason.OVER_LIMIT, "20 processes"),
    "fork-bomb": ({"processes": 20}, ExitReason.OVER_LIMIT, "20 processes"),
    "memory-by-many": ({"memory_bytes": 400 << 20}, ExitReason.OVER_MEMORY, "400 MiB"),
    "memory-by-escaped": ({"memory_bytes": 400 << 20}, ExitReason.OVER_MEMORY, "400 MiB"),
    "fill-scratch": ({"scratch_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
    "fill-scratch-by-escaped": ({"scratch_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
    "fill-scratch-unseen": ({"scratch_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
    "many-files": ({"scratch_bytes": 50 << 20, "scratch_files": 100}, ExitReason.OVER_LIMIT, "100 files"),
    "nest-folders-beyond-paths": ({"scratch_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
    "write-much": ({"written_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
}
"""Sample -> its limits, and what becomes of it."""


WITHOUT_SANDBOX = ["many-processes", "memory-by-escaped", "fill-scratch-by-escaped", "fill-scratch-unseen"]
"""Samples that are run without a sandbox too. Only the kernel stops a fork bomb, for a user or namespace of its own."""


@pytest.fixture(scope="module")
def start_runner(tmp_path_factory):
    """Return a function that returns a runner by the name of its policy; each is started once."""
    started, platform = {}, JobPlatform()

    def start(name):
        if name not in started:
            folder = tmp_path_factory.mktemp("limits")
            policy = strongest_sandbox() if name == "sandboxed" else SandboxPolicy()
            runner = ProcessRunner(folder / "runner", module_folders=install(folder / "dist"), policy=policy)
            started[name] = Bench(runner, platform)
            runner.open(started[name].ended)
        return started[name]

    yield start
    for bench in started.values():
        bench.runner.close()
    platform.close()


@pytest.mark.parametrize(
    ("sandbox", "name"),
    [*(("sandboxed", name) for name in OVER), *(("not sandboxed", name) for name in WITHOUT_SANDBOX)],
)
def test_job_over_a_limit_is_ended_with_all_its_processes(start_runner, sandbox, name):
    bench = start_runner(sandbox)
    limits, reason, sentence = OVER[name]

    bench.start(name, name, **limits)

    outcome = bench.outcome(name)
    assert (outcome.exit_reason, outcome.exit_code) == (reason, None), outcome.log.decode()
    assert sentence in outcome.detail


@pytest.mark.parametrize("sandbox", ["sandboxed", "not sandboxed"])
def test_folders_that_a_job_has_nested_are_removed_with_it(start_runner, sandbox):
    bench = start_runner(sandbox)

    bench.start("nest-folders", "nested", scratch_bytes=50 << 20, scratch_files=10_000)

    outcome = bench.outcome("nested")
    assert outcome.exit_code == 0, outcome.log.decode()
    assert not (bench.runner._folder / "nested").exists()


@pytest.mark.parametrize("sandbox", ["sandboxed", "not sandboxed"])
def test_job_within_all_limits_is_not_ended(start_runner, sandbox):
    bench = start_runner(sandbox)
    limits = {"processes": 20, "scratch_bytes": 50 << 20, "scratch_files": 100, "written_bytes": 50 << 20}

    bench.start("leave-behind", **limits)

    assert bench.outcome().exit_code == 0
    assert left_behind(bench.runner._folder) == []
