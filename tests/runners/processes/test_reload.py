"""Reload of the process runner: a new zygote takes the next attempts, the earlier one serves those that run."""

import os
import signal

import pytest

from contracts.runner_benches import Bench, is_running, wait_until
from samples.installed import install
from support.sandboxes import strongest_sandbox
from voxel51.runners.interface import ExitReason
from voxel51.runners.processes import runner as runner_module
from voxel51.runners.processes.runner import ProcessRunner


@pytest.fixture
def bench(tmp_path, platform):
    runner = ProcessRunner(
        tmp_path / "runner",
        ["samples/no-op"],
        module_folders=install(tmp_path / "dist"),
        policy=strongest_sandbox(),
        import_seconds=5,
    )
    bench = Bench(runner, platform)
    runner.open(bench.ended)
    yield bench
    runner.close()


@pytest.fixture
def add_analytic(tmp_path):
    """Return a function that installs ``samples/added``, whose package is this code, into a new folder."""

    def add(code="from samples.analytics import NO_OP as ANALYTIC\n"):
        (tmp_path / "dist" / "added.py").write_text(code)
        with (tmp_path / "dist" / "voxel51_samples-1.0.dist-info" / "entry_points.txt").open("a") as file:
            file.write("samples/added = added:ANALYTIC\n")

    return add


def test_reload_makes_a_new_package_run_while_an_earlier_attempt_goes_on(bench, add_analytic):
    [earlier] = bench.runner.zygote_pids
    process = bench.start("sleep", "long")
    add_analytic()

    bench.runner.reload(["samples/no-op", "samples/added"])
    bench.start("added", "short")

    assert bench.outcome("short").exit_code == 0
    assert is_running(process.pid)
    wait_until(lambda: bench.runner.attempts() == {"long"})
    bench.runner.stop("long")
    assert bench.outcome("long").exit_reason is ExitReason.STOPPED
    wait_until(lambda: not is_running(earlier))


def test_idle_zygote_is_replaced_at_once_and_its_folder_removed(bench):
    [earlier] = bench.runner.zygote_pids

    bench.runner.reload(["samples/no-op"])

    wait_until(lambda: not is_running(earlier))
    wait_until(lambda: [path.name for path in bench.runner._folder.iterdir()] == ["zygote-2"])


@pytest.mark.parametrize("killed", ["earlier", "new"])
def test_death_of_one_zygote_does_not_touch_the_attempts_of_the_other(bench, killed):
    bench.start("leave-behind-and-stay", "before")
    bench.runner.reload(["samples/no-op"])
    bench.start("leave-behind-and-stay", "after")
    zygotes = dict(zip(["earlier", "new"], bench.runner.zygote_pids, strict=True))

    os.kill(zygotes[killed], signal.SIGKILL)

    lost, kept = ("before", "after") if killed == "earlier" else ("after", "before")
    assert bench.outcome(lost).exit_reason is ExitReason.LOST
    bench.start("no-op", "next")
    assert bench.outcome("next").exit_code == 0
    wait_until(lambda: bench.runner.attempts() == {kept})


def test_analytic_that_hangs_on_import_is_left_out_of_the_new_zygote(bench, add_analytic):
    add_analytic("import time\ntime.sleep(3600)\n")

    bench.runner.reload(["samples/added", "samples/no-op"])

    bench.start("no-op")
    assert bench.outcome().exit_code == 0


def test_zygote_that_cannot_start_leaves_the_earlier_one_in_charge(bench, tmp_path, monkeypatch):
    assert bench.run("no-op").exit_code == 0  # the earlier zygote is ready
    monkeypatch.setattr(runner_module, "START_TIMEOUT_SECONDS", 0.0)
    earlier = bench.runner.zygote_pids
    (tmp_path / "dist" / "sitecustomize.py").write_text("import os\nos._exit(3)\n")

    with pytest.raises(TimeoutError, match="was not ready in time"):
        bench.runner.reload(["samples/no-op"])

    assert bench.runner.zygote_pids == earlier
    monkeypatch.undo()
    bench.start("no-op", "attempt2")
    assert bench.outcome("attempt2").exit_code == 0


def test_reload_of_a_closed_runner_is_refused(bench):
    bench.runner.close()

    with pytest.raises(OSError, match="the runner is closed"):
        bench.runner.reload([])
