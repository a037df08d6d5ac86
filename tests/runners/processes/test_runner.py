"""Process runner: its guarantees beyond the contract of all runners, when the zygote or the server dies."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import psutil
import pytest

from contracts.runner_benches import Bench, is_running, left_behind, wait_until
from samples.installed import SAMPLES, install
from support.sandboxes import sandbox_report, strongest_sandbox
from voxel51.runners.interface import ExitReason
from voxel51.runners.processes.folders import AttemptFolder
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.sandbox.policy import SandboxKind


@pytest.fixture
def bench(tmp_path, platform):
    runner = ProcessRunner(
        tmp_path / "runner",
        ["samples/no-op"],
        module_folders=install(tmp_path / "dist", broken=True),
        policy=strongest_sandbox(),
    )
    bench = Bench(runner, platform)
    runner.open(bench.ended)
    yield bench
    runner.close()


@pytest.mark.parametrize("killed", ["zygote", "parent of the launcher"])
def test_attempts_of_a_killed_zygote_are_lost_and_the_next_start_works(bench, killed):
    process = bench.start("leave-behind-and-stay")
    log = bench.runner._folder / "attempt1" / "log"
    wait_until(lambda: log.exists() and b"sleeping" in log.read_bytes())
    pids = left_behind(bench.runner._folder)
    assert len(pids) == 3

    [zygote] = bench.runner.zygote_pids
    os.kill(zygote if killed == "zygote" else psutil.Process(process.pid).ppid(), signal.SIGKILL)

    assert bench.outcome().exit_reason is ExitReason.LOST
    wait_until(lambda: not is_running(process.pid))
    assert [pid for pid in [process.pid, *pids] if is_running(pid)] == []
    bench.start("no-op", "attempt2")
    assert bench.outcome("attempt2").exit_code == 0


@pytest.mark.parametrize("name", ["threaded", "broken-exit", "broken-import"])
def test_analytic_that_cannot_be_preloaded_does_not_affect_others(tmp_path, platform, name):
    preload = [f"samples/{name}", "samples/no-op"]
    runner = ProcessRunner(tmp_path / "runner", preload, module_folders=install(tmp_path / "dist", broken=True))
    bench = Bench(runner, platform)
    runner.open(bench.ended)

    bench.start("no-op")

    assert bench.outcome().exit_code == 0
    runner.close()


def test_analytic_whose_import_hangs_is_not_preloaded_and_does_not_affect_others(tmp_path, platform, caplog):
    preload = ["samples/hanging", "samples/no-op"]
    module_folders = install(tmp_path / "dist", hanging=True)
    runner = ProcessRunner(tmp_path / "runner", preload, module_folders=module_folders, import_seconds=3)
    bench = Bench(runner, platform)
    runner.open(bench.ended)

    bench.start("no-op")

    assert bench.outcome().exit_code == 0
    assert "importing the analytic samples/hanging crashes, hangs or starts threads" in caplog.text
    runner.close()


def test_analytic_that_starts_threads_on_import_still_runs(bench):
    assert bench.run("threaded").exit_code == 0


def test_forked_child_imports_nothing(tmp_path, platform):
    preload = ["samples/late-imports"]
    runner = ProcessRunner(
        tmp_path / "runner", preload, module_folders=install(tmp_path / "dist"), policy=strongest_sandbox()
    )
    bench = Bench(runner, platform)
    runner.open(bench.ended)

    assert b"LATE []" in bench.run("late-imports").log
    runner.close()


def test_failing_cleanup_of_one_attempt_does_not_stop_the_reports_of_others(bench, monkeypatch):
    remove = AttemptFolder.remove

    def fail_once(folder):
        monkeypatch.setattr(AttemptFolder, "remove", remove)
        raise OSError("Input/output error")

    monkeypatch.setattr(AttemptFolder, "remove", fail_once)
    bench.run("no-op")

    bench.start("no-op", "attempt2")

    assert bench.outcome("attempt2").exit_code == 0


SERVER = """
    import json, sys, threading
    from pathlib import Path
    from voxel51.runners.sandbox.policy import SandboxKind
    from voxel51.runners.sandbox.probe import examine
    from voxel51.runners.launch import LaunchSpec
    from voxel51.runners.programs import PackageProgram
    from voxel51.runners.processes.runner import ProcessRunner

    folder, module_folders, environment = json.loads(sys.argv[1])
    policy = examine(SandboxKind(sys.argv[3])).policy
    runner = ProcessRunner(Path(folder), [], module_folders=module_folders, mode=sys.argv[2], policy=policy)
    runner.open(lambda outcome: None)
    limits = {"wall_seconds": 600, "cpu_seconds": 600, "memory_bytes": 1 << 30, "file_bytes": 1 << 28}
    limits["open_files"] = 256
    process = runner.start(LaunchSpec("attempt1", PackageProgram("samples/leave-behind-and-stay"), environment, limits))
    print(process.pid, flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize(("mode", "sandbox"), [("fork", "namespaces"), ("exec", "namespaces"), ("fork", "none")])
def test_nothing_outlives_a_killed_server(tmp_path, platform, mode, sandbox):
    arguments = json.dumps(
        [str(tmp_path / "runner"), [str(p) for p in install(tmp_path / "dist")], platform.environment]
    )
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), arguments, mode, sandbox],
        stdout=subprocess.PIPE,
        text=True,
        cwd=SAMPLES,
    )
    pid = int(server.stdout.readline())
    log = tmp_path / "runner" / "attempt1" / "log"
    wait_until(lambda: log.exists() and b"sleeping" in log.read_bytes())
    pids = [pid, psutil.Process(pid).ppid(), *left_behind(tmp_path / "runner")]
    assert len([pid for pid in pids if is_running(pid)]) == 5

    server.kill()
    server.communicate()

    wait_until(lambda: not any(is_running(pid) for pid in pids))


def test_opening_kills_and_removes_what_an_earlier_runner_left(tmp_path, platform):
    folder = tmp_path / "runner"
    (folder / "attempt0" / "work").mkdir(parents=True)
    (folder / "attempt0" / "work" / "half.mp4").write_bytes(b"half")
    left = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import time; time.sleep(3600)"],
        env={"TMPDIR": str(folder / "attempt0" / "work")},
        start_new_session=True,
    )

    runner = ProcessRunner(folder, module_folders=install(tmp_path / "dist"))
    runner.open(lambda _outcome: None)

    assert left.wait(10) == -signal.SIGKILL
    assert not (folder / "attempt0").exists()
    runner.close()


def spares(bench):
    """Return the first processes of attempts and of the spare.

    In namespaces, they are children of the fork server, which is the first child of the zygote.
    """
    found = [child for pid in bench.runner.zygote_pids for child in psutil.Process(pid).children()]
    if sandbox_report().kind is SandboxKind.NAMESPACES:
        return [launcher for fork_server in found[:1] for launcher in fork_server.children()]
    return found


def test_next_attempt_gets_the_spare_child(bench):
    wait_until(lambda: len(spares(bench)) == 1)
    [spare] = spares(bench)

    process = bench.start("sleep")

    assert process.pid == spare.pid
    wait_until(lambda: len(spares(bench)) == 2)


def test_attempt_starts_although_the_spare_child_was_killed(bench):
    wait_until(lambda: len(spares(bench)) == 1)
    [spare] = spares(bench)
    spare.kill()
    spare.wait(60)  # a zombie may still have threads, which hold its connections

    bench.start("no-op")

    assert bench.outcome().exit_code == 0
    wait_until(lambda: len(spares(bench)) == 1)
    assert spares(bench) != [spare]


def test_spare_child_exits_with_its_runner(bench):
    wait_until(lambda: len(spares(bench)) == 1)
    [spare] = spares(bench)

    bench.runner.close()

    assert not is_running(spare.pid)
