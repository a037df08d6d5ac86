"""Limits of a job as a whole: a job that exceeds one by several processes, or by one that escaped, is ended."""

import pytest

from contracts.test_runner import Bench, left_behind
from samples.installed import install
from samples.platform import JobPlatform
from support.sandboxes import strongest_sandbox
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.server.engine.runner import ExitReason
from voxel51.server.engine.runners.processes.runner import ProcessRunner

OVER = {
    "many-processes": ({"processes": 20}, ExitReason.OVER_LIMIT, "20 processes"),
    "fork-bomb": ({"processes": 20}, ExitReason.OVER_LIMIT, "20 processes"),
    "memory-by-many": ({"memory_bytes": 400 << 20}, ExitReason.OVER_MEMORY, "400 MiB"),
    "memory-by-escaped": ({"memory_bytes": 400 << 20}, ExitReason.OVER_MEMORY, "400 MiB"),
    "fill-scratch": ({"scratch_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
    "fill-scratch-by-escaped": ({"scratch_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
    "fill-scratch-unseen": ({"scratch_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
    "many-files": ({"scratch_bytes": 50 << 20, "scratch_files": 100}, ExitReason.OVER_LIMIT, "100 files"),
    "write-much": ({"written_bytes": 50 << 20}, ExitReason.OVER_LIMIT, "50 MiB"),
}
"""Sample -> its limits, and what becomes of it."""


@pytest.fixture(params=["sandboxed", "not sandboxed"], scope="module")
def bench(request, tmp_path_factory):
    folder, platform = tmp_path_factory.mktemp("limits"), JobPlatform()
    policy = strongest_sandbox() if request.param == "sandboxed" else SandboxPolicy()
    runner = ProcessRunner(folder / "runner", module_folders=install(folder / "dist"), policy=policy)
    bench = Bench(runner, platform)
    bench.is_sandboxed = request.param == "sandboxed"
    runner.open(bench.ended)
    yield bench
    runner.close()
    platform.close()


@pytest.mark.parametrize("name", OVER)
def test_job_over_a_limit_is_ended_with_all_its_processes(bench, name):
    if name == "fork-bomb" and not bench.is_sandboxed:
        pytest.skip("only the kernel can stop it, for a user or a namespace of the job's own")
    limits, reason, sentence = OVER[name]

    bench.start(name, name, **limits)

    outcome = bench.outcome(name)
    assert (outcome.exit_reason, outcome.exit_code) == (reason, None), outcome.log.decode()
    assert sentence in outcome.detail


def test_job_within_all_limits_is_not_ended(bench):
    limits = {"processes": 20, "scratch_bytes": 50 << 20, "scratch_files": 100, "written_bytes": 50 << 20}

    bench.start("leave-behind", **limits)

    assert bench.outcome().exit_code == 0
    assert left_behind(bench.runner._folder) == []
