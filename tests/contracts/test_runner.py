"""Contract of all runners, tested on each implementation with analytics that behave and misbehave."""

import json
from pathlib import Path

import pytest

from contracts.runner_benches import bundle_bench, container_bench, is_running, package_bench, wait_until
from samples.platform import JobPlatform
from voxel51.runners import orphan_processes
from voxel51.runners.interface import LOG_TAIL_BYTES, ExitReason
from voxel51.wire.tasks import ENVIRONMENT_VARIABLES, TaskExit

PROCESSES = ["fork-sandboxed", "exec-sandboxed", "fork", "bundle-fork", "bundle-exec"]
CONTAINERS = [pytest.param(f"container-{engine}", marks=pytest.mark.slow) for engine in ("podman", "docker")]


@pytest.fixture(params=[*PROCESSES, *CONTAINERS])
def bench(request, tmp_path):
    """A runner of each kind."""
    yield from opened_bench(request, tmp_path)


@pytest.fixture(params=PROCESSES)
def process_bench(request, tmp_path):
    """A runner whose attempts are processes of this machine that the platform knows by their ids."""
    yield from opened_bench(request, tmp_path)


def opened_bench(request, folder):
    kind = request.param
    platform = JobPlatform()
    if kind.startswith("container-"):
        url = request.getfixturevalue(f"{kind.removeprefix('container-')}_url")
        bench = container_bench(url, request.getfixturevalue("sample_image"), platform, folder)
    else:
        bench = (bundle_bench if "bundle" in kind else package_bench)(kind, platform, folder)
    bench.runner.open(bench.ended)
    yield bench
    bench.close()


def test_successful_job_exits_with_code_0_and_has_reported(bench):
    outcome = bench.run("no-op")

    assert (outcome.exit_reason, outcome.exit_code) == (ExitReason.EXITED, TaskExit.COMPLETE)
    assert [report["state"] for report in bench.platform.states] == ["RUNNING", "COMPLETE"]
    assert bench.platform.stored["output"] == [b"{}"]


def test_start_returns_the_process_of_the_attempt(process_bench):
    process = process_bench.start("sleep")

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
    bench.start("sleep")

    bench.runner.stop("attempt1")

    assert bench.outcome().exit_reason is ExitReason.STOPPED


def test_stopping_kills_the_process_of_an_attempt(process_bench):
    process = process_bench.start("sleep")

    process_bench.runner.stop("attempt1")

    assert process_bench.outcome().exit_reason is ExitReason.STOPPED
    assert not is_running(process.pid)


def test_stopping_an_unknown_attempt_raises_no_error(bench):
    bench.runner.stop("never started")

    assert bench.run("no-op").exit_reason is ExitReason.EXITED


def test_attempt_killed_from_outside_is_lost(bench):
    process = bench.start("sleep")

    bench.kill_from_outside(process)

    assert bench.outcome().exit_reason is ExitReason.LOST


def test_processes_that_an_attempt_leaves_behind_are_killed(bench):
    outcome = bench.run("leave-behind")

    assert b"LEFT 3\n" in outcome.log
    assert bench.left_behind() == []


def test_stopping_kills_every_process_of_an_attempt(bench):
    bench.start("leave-behind-and-stay")
    bench.platform.wait_for("POST", "/v1/jobs/job1/begin")
    wait_until(lambda: len(bench.left_behind()) == 3)

    bench.runner.stop("attempt1")

    assert bench.outcome().exit_reason is ExitReason.STOPPED
    assert bench.left_behind() == []


def test_environment_has_the_five_variables_and_what_python_needs(process_bench, monkeypatch):
    monkeypatch.setenv("VOXEL51_SERVER_SIGNING_KEY", "secret")

    log = process_bench.run("surroundings").log.decode()
    seen = json.loads(log.partition("SURROUNDINGS ")[2].partition("\n")[0])

    environment = seen["environment"]
    assert {name: environment[name] for name in ENVIRONMENT_VARIABLES} == process_bench.platform.environment
    needed = {"PATH", "LANG", "HOME", "TMPDIR", "PYTHONUNBUFFERED", "PYTHONPATH", "PYTHONUSERBASE"}
    threads = {name for name in environment if name.endswith("_NUM_THREADS")}
    passed_on = {name for name in environment if name.startswith(("LC_", "SSL_CERT_"))} | {"LANGUAGE", "TZ"}
    assert set(environment) - needed - threads - passed_on - set(ENVIRONMENT_VARIABLES) == set()
    assert {environment[name] for name in threads} == {"2"}
    assert environment["HOME"] == environment["TMPDIR"] == seen["folder"]
    assert Path(seen["folder"]).is_relative_to(process_bench.folder / "attempt1")
    assert seen["group"]
    assert seen["umask"] == 0o077


def test_attempt_inherits_no_descriptor(process_bench):
    log = process_bench.run("surroundings").log.decode()
    seen = json.loads(log.partition("SURROUNDINGS ")[2].partition("\n")[0])["descriptors"]

    assert seen.pop("0") == "/dev/null"
    assert seen.pop("1") == seen.pop("2") == str(process_bench.folder / "attempt1" / "log")
    # What is left is its one connection, and the listing of these.
    assert sum(target.startswith("socket:") for target in seen.values()) == 1
    assert [target for target in seen.values() if not target.startswith(("socket:", "/proc/"))] == []


def test_folder_of_an_attempt_is_removed(process_bench):
    process_bench.run("no-op")

    assert not (process_bench.folder / "attempt1").exists()


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
