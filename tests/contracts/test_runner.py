"""Contract of all runners, tested on each implementation with analytics that behave and misbehave."""

import json
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from samples.analytics import LEFT
from samples.bundles import sample_bundle
from samples.installed import install
from samples.platform import JobPlatform
from support.sandboxes import strongest_sandbox
from support.waiting import LIMIT_SECONDS
from voxel51.runners import orphan_processes
from voxel51.runners.environments.bundle_runner import BundleRunner, BundleRunnerSettings
from voxel51.runners.environments.store import EnvironmentStore
from voxel51.runners.interface import LOG_TAIL_BYTES, ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.programs import PackageProgram
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.wire.tasks import ENVIRONMENT_VARIABLES, JobLimits, TaskExit

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)


class Bench:
    """Runner with what its attempts need, and the outcomes that it reported. Its attempts work below ``folder``."""

    def __init__(self, runner, platform, folder=None):
        self.runner = runner
        self.platform = platform
        self.folder = folder or runner._folder
        self.outcomes = []
        self.changed = threading.Condition()

    def ended(self, outcome):
        with self.changed:
            self.outcomes.append(outcome)
            self.changed.notify_all()

    def start(self, name, attempt_id="attempt1", **limits):
        program = self.program(name)
        return self.runner.start(LaunchSpec(attempt_id, program, self.platform.environment, {**LIMITS, **limits}))

    def program(self, name):
        return PackageProgram(f"samples/{name}")

    def outcome(self, attempt_id="attempt1"):
        def of_attempt():
            return [outcome for outcome in self.outcomes if outcome.attempt_id == attempt_id]

        with self.changed:
            assert self.changed.wait_for(of_attempt, LIMIT_SECONDS), f"no outcome of {attempt_id}: {self.outcomes}"
            return of_attempt()[0]

    def run(self, name, **limits):
        self.start(name, **limits)
        return self.outcome()


class BundleBench(Bench):
    """Bench whose samples are bundles without requirements, and on this machine already."""

    def program(self, name):
        program = sample_bundle(self.platform, name)
        self.runner.prepare(program)
        return program


PRELOADED = ["samples/no-op", "samples/sleep"]


@pytest.fixture(params=["fork-sandboxed", "exec-sandboxed", "fork", "bundle-fork", "bundle-exec"])
def bench(request, tmp_path):
    platform = JobPlatform()
    bench = (
        bundle_bench(request.param, platform, tmp_path)
        if "bundle" in request.param
        else package_bench(request.param, platform, tmp_path)
    )
    bench.runner.open(bench.ended)
    yield bench
    bench.runner.close()
    platform.close()


def package_bench(kind, platform, folder):
    mode, _, sandboxed = kind.partition("-")
    policy = strongest_sandbox() if sandboxed else SandboxPolicy()
    runner = ProcessRunner(
        folder / "runner", PRELOADED, mode=mode, module_folders=install(folder / "dist"), threads=2, policy=policy
    )
    return Bench(runner, platform)


def bundle_bench(kind, platform, folder):
    settings = BundleRunnerSettings(mode=kind.removeprefix("bundle-"), threads=2)
    store = EnvironmentStore(folder / "environments", strongest_sandbox())
    runner = BundleRunner(folder / "bundles", store, strongest_sandbox(), settings)
    return BundleBench(runner, platform, folder / "bundles" / "running")


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


def left_behind(runner_folder):
    """Return the processes that attempts of this runner have started with `samples.analytics.leave_behind`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            arguments = process.cmdline()
            if LEFT in arguments and arguments[-1].startswith(str(runner_folder)) and is_running(process.pid):
                found.append(process.pid)
    return found


def test_successful_job_exits_with_code_0_and_has_reported(bench):
    outcome = bench.run("no-op")

    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, TaskExit.COMPLETE)
    assert [report["state"] for report in bench.platform.states] == ["RUNNING", "COMPLETE"]
    assert bench.platform.stored["output"] == [b"{}"]


def test_start_returns_the_process_of_the_attempt(bench):
    process = bench.start("sleep")

    assert is_running(process.pid)
    assert process.started_at == orphan_processes.started_at(process.pid) > 0


@pytest.mark.parametrize(
    ("name", "limits", "ending", "exit_code"),
    [
        pytest.param("crash", {}, ExitReason.EXITED, TaskExit.FAILED, id="exception"),
        pytest.param("exit-without-output", {}, ExitReason.EXITED, 0, id="exit-without-a-word"),
        pytest.param("segfault", {}, ExitReason.CRASHED, None, id="segmentation-fault"),
        pytest.param("burn", {"cpu_seconds": 1}, ExitReason.OVER_TIME, None, id="cpu-time"),
        pytest.param("sleep", {"wall_seconds": 0.5}, ExitReason.OVER_TIME, None, id="wall-time"),
        pytest.param("eat-memory", {"memory_bytes": 400 << 20}, ExitReason.OVER_MEMORY, None, id="memory"),
    ],
)
def test_outcome_has_the_exit_reason(bench, name, limits, ending, exit_code):
    outcome = bench.run(name, **limits)

    assert (outcome.exit_reason, outcome.exit_code) == (ending, exit_code), outcome.log.decode()
    assert outcome.detail


def test_log_of_a_crash_has_earlier_output_and_a_traceback(bench):
    log = bench.run("segfault").log

    assert b"about to fall" in log
    assert b"Segmentation fault" in log
    assert b"in segfault" in log


def test_long_log_keeps_its_end(bench):
    log = bench.run("chatter").log

    assert len(log) == LOG_TAIL_BYTES
    assert b"the last line\n" in log[-1000:]


def test_stopped_attempt_is_reported_as_stopped(bench):
    process = bench.start("sleep")

    bench.runner.stop("attempt1")

    assert bench.outcome().exit_reason is ExitReason.STOPPED
    assert not is_running(process.pid)


def test_stopping_an_unknown_attempt_raises_no_error(bench):
    bench.runner.stop("never started")

    assert bench.run("no-op").exit_reason is ExitReason.EXITED


def test_attempt_killed_from_outside_is_lost(bench):
    process = bench.start("sleep")

    os.kill(process.pid, signal.SIGKILL)

    assert bench.outcome().exit_reason is ExitReason.LOST


def test_processes_that_an_attempt_leaves_behind_are_killed(bench):
    outcome = bench.run("leave-behind")

    assert b"LEFT 3\n" in outcome.log
    assert left_behind(bench.folder) == []


def test_stopping_kills_every_process_of_an_attempt(bench):
    bench.start("leave-behind-and-stay")
    bench.platform.wait_for("POST", "/v1/jobs/job1/begin")
    log = bench.folder / "attempt1" / "log"
    wait_until(lambda: log.exists() and b"sleeping" in log.read_bytes())
    assert len(left_behind(bench.folder)) == 3

    bench.runner.stop("attempt1")

    assert bench.outcome().exit_reason is ExitReason.STOPPED
    assert left_behind(bench.folder) == []


def test_environment_has_the_five_variables_and_what_python_needs(bench, monkeypatch):
    monkeypatch.setenv("VOXEL51_SERVER_SIGNING_KEY", "secret")

    log = bench.run("surroundings").log.decode()
    seen = json.loads(log.partition("SURROUNDINGS ")[2].partition("\n")[0])

    environment = seen["environment"]
    assert {name: environment[name] for name in ENVIRONMENT_VARIABLES} == bench.platform.environment
    needed = {"PATH", "LANG", "HOME", "TMPDIR", "PYTHONUNBUFFERED", "PYTHONPATH", "PYTHONUSERBASE"}
    threads = {name for name in environment if name.endswith("_NUM_THREADS")}
    passed_on = {name for name in environment if name.startswith(("LC_", "SSL_CERT_"))} | {"LANGUAGE", "TZ"}
    assert set(environment) - needed - threads - passed_on - set(ENVIRONMENT_VARIABLES) == set()
    assert {environment[name] for name in threads} == {"2"}
    assert environment["HOME"] == environment["TMPDIR"] == seen["folder"]
    assert Path(seen["folder"]).is_relative_to(bench.folder / "attempt1")
    assert seen["group"]
    assert seen["umask"] == 0o077


def test_attempt_inherits_no_descriptor(bench):
    log = bench.run("surroundings").log.decode()
    seen = json.loads(log.partition("SURROUNDINGS ")[2].partition("\n")[0])["descriptors"]

    assert seen.pop("0") == "/dev/null"
    assert seen.pop("1") == seen.pop("2") == str(bench.folder / "attempt1" / "log")
    # What is left is its one connection, and the listing of these.
    assert sum(target.startswith("socket:") for target in seen.values()) == 1
    assert [target for target in seen.values() if not target.startswith(("socket:", "/proc/"))] == []


def test_folder_of_an_attempt_is_removed(bench):
    bench.run("no-op")

    assert not (bench.folder / "attempt1").exists()


def test_attempts_run_in_parallel_and_end_once_each(bench):
    ids = [f"attempt{number}" for number in range(8)]
    for attempt_id in ids:
        bench.start("leave-nothing", attempt_id)

    assert {bench.outcome(attempt_id).exit_reason for attempt_id in ids} == {ExitReason.EXITED}
    assert sorted(outcome.attempt_id for outcome in bench.outcomes) == ids


def test_closing_reports_every_attempt_as_stopped(bench):
    processes = [bench.start("sleep", f"attempt{number}") for number in range(3)]

    bench.runner.close()

    assert [outcome.exit_reason for outcome in bench.outcomes] == [ExitReason.STOPPED] * 3
    assert [process for process in processes if is_running(process.pid)] == []


def test_attempts_that_are_stopped_as_they_start_end_as_stopped(bench):
    ids = [f"attempt{number}" for number in range(60)]
    for attempt_id in ids:
        bench.start("sleep", attempt_id)
        bench.runner.stop(attempt_id)

    assert {bench.outcome(attempt_id).exit_reason for attempt_id in ids} == {ExitReason.STOPPED}


def test_runner_lists_its_attempts_until_their_outcomes_are_reported(bench):
    bench.start("sleep")
    assert bench.runner.attempts() == {"attempt1"}

    bench.runner.stop("attempt1")

    bench.outcome()
    wait_until(lambda: bench.runner.attempts() == set())


def test_closed_runner_starts_nothing(bench):
    bench.runner.close()

    with pytest.raises(OSError, match="closed"):
        bench.start("no-op")
