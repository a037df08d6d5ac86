"""Warm zygotes: what they keep for the next job of an owner, and what they do not."""

import json
import os
import signal
import threading
from dataclasses import replace

import psutil
import pytest

from contracts.runner_benches import LIMITS, Bench, is_running, wait_until
from samples.installed import install
from support.sandboxes import strongest_sandbox
from voxel51.runners.interface import ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.processes.runner import ProcessRunner
from voxel51.runners.processes.warm_zygotes import WarmLimits
from voxel51.runners.programs import PackageProgram

MANY = WarmLimits(processes=3, idle_seconds=3600, memory_bytes=1 << 30)


class WarmBench(Bench):
    """Bench whose attempts have warm keys."""

    def begin(self, attempt_id, key, name="warm", **limits):
        program = PackageProgram(f"samples/{name}")
        launch = LaunchSpec(attempt_id, program, self.platform.environment, {**LIMITS, **limits}, key)
        return self.runner.start(launch)

    def complete(self, attempt_id, key, name="warm"):
        """Run an attempt to its end, and return what it found."""
        self.begin(attempt_id, key, name)
        outcome = self.outcome(attempt_id)
        assert outcome.exit_code == 0, outcome.log.decode()
        wait_until(lambda: attempt_id not in self.runner.attempts())
        return json.loads(self.platform.stored["output"][-1])

    def warm_up(self, key, name="warm"):
        """Run a first job, and wait until its successor can be forked from a warm zygote; return its process id."""
        before = set(self.runner.zygote_pids)
        self.complete(f"first-{key}", key, name)
        wait_until(lambda: self.runner.has_warm(key))
        [pid] = set(self.runner.zygote_pids) - before
        return pid


@pytest.fixture
def start_bench(tmp_path, platform):
    started = []

    def start(limits=MANY, **options):
        runner = ProcessRunner(
            tmp_path / "runner",
            ["samples/no-op", "samples/warm"],
            module_folders=install(tmp_path / "dist"),
            policy=strongest_sandbox(),
            warm=limits,
            **options,
        )
        bench = WarmBench(runner, platform)
        runner.open(bench.ended)
        started.append(runner)
        return bench

    yield start
    for runner in started:
        runner.close()


def test_next_job_of_an_owner_gets_what_was_set_up_and_nothing_of_earlier_jobs(start_bench):
    bench = start_bench()
    cold = bench.complete("cold", "alice")
    wait_until(lambda: bench.runner.has_warm("alice"))

    second, third = bench.complete("second", "alice"), bench.complete("third", "alice")

    assert not cold["was_set_up_before"]
    assert second["was_set_up_before"]
    assert third["model"] == second["model"] != cold["model"]
    for found in (second, third):
        assert (found["seen"], found["files"], found["credentials"]) == ([], [], [])
    assert second["folder"] != third["folder"]
    assert b"/third/work" in bench.outcome("third").log
    assert b"/second/work" not in bench.outcome("third").log


def test_owners_share_nothing(start_bench):
    bench = start_bench()
    bench.warm_up("alice")
    alice = bench.complete("of-alice", "alice")

    bob = bench.complete("of-bob", "bob")
    wait_until(lambda: bench.runner.has_warm("bob"))
    bob_again = bench.complete("of-bob-again", "bob")

    assert not bob["was_set_up_before"]
    assert len({alice["model"], bob["model"], bob_again["model"]}) == 3


def test_launch_without_a_key_starts_nothing_warm(start_bench):
    bench = start_bench()

    bench.complete("plain", None)
    bench.complete("plain-again", None)

    assert len(bench.runner.zygote_pids) == 1


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"wall_seconds": 1.0}, ExitReason.OVER_TIME), ({"processes": 0}, ExitReason.OVER_LIMIT)],
)
def test_limits_hold_for_each_job(start_bench, platform, limits, reason):
    bench = start_bench()
    warm = bench.warm_up("alice")
    platform.task["parameters"] = {"seconds": 3600}

    bench.begin("limited", "alice", **limits)

    assert bench.outcome("limited").exit_reason is reason
    assert is_running(warm)


def test_cancelled_job_leaves_its_warm_zygote(start_bench, platform):
    bench = start_bench()
    warm = bench.warm_up("alice")
    platform.task["parameters"] = {"seconds": 3600}
    process = bench.begin("endless", "alice")
    assert warm in [parent.pid for parent in psutil.Process(process.pid).parents()]

    bench.runner.stop("endless")

    assert bench.outcome("endless").exit_reason is ExitReason.STOPPED
    platform.task["parameters"] = {}
    assert bench.complete("next", "alice")["was_set_up_before"]


def test_killed_idle_warm_zygote_costs_nothing_but_a_new_one(start_bench):
    bench = start_bench()
    os.kill(bench.warm_up("alice"), signal.SIGKILL)
    wait_until(lambda: not bench.runner.has_warm("alice"))

    found = bench.complete("next", "alice")
    wait_until(lambda: bench.runner.has_warm("alice"))

    assert not found["was_set_up_before"]
    assert bench.complete("after", "alice")["was_set_up_before"]


def test_killed_warm_zygote_loses_only_its_own_attempt(start_bench, platform):
    bench = start_bench()
    warm = bench.warm_up("alice")
    platform.task["parameters"] = {"seconds": 3600}
    bench.begin("warm-one", "alice")
    bench.begin("other", None)

    os.kill(warm, signal.SIGKILL)

    assert bench.outcome("warm-one").exit_reason is ExitReason.LOST
    assert bench.runner.attempts() >= {"other"}


def test_failing_setup_leaves_the_jobs_without_and_is_not_repeated(start_bench, caplog):
    bench = start_bench()
    bench.complete("first", "alice", "warm-broken")
    wait_until(lambda: "setup() failed or took too long" in caplog.text)

    for number in range(3):
        bench.complete(f"later-{number}", "alice", "warm-broken")

    assert "no model without a job" in caplog.text
    assert len(bench.runner.zygote_pids) == 1


def test_setup_may_start_threads_which_its_jobs_do_not_have(start_bench):
    bench = start_bench()
    bench.warm_up("alice", "warm-threads")

    assert "of setup" not in bench.complete("next", "alice", "warm-threads")["threads"]


def test_idle_zygote_ends(start_bench):
    bench = start_bench()
    warm = bench.warm_up("alice")

    # A limit that is short from the start may end the zygote before this test has seen it.
    bench.runner._warm._limits = replace(MANY, idle_seconds=0.0)

    wait_until(lambda: not is_running(warm))


def test_least_recently_used_gives_way_at_the_limit_of_processes(start_bench):
    bench = start_bench(WarmLimits(processes=2, idle_seconds=3600, memory_bytes=1 << 30))
    alice, bob = bench.warm_up("alice"), bench.warm_up("bob")
    bench.complete("again", "alice")

    carol = bench.warm_up("carol")

    wait_until(lambda: not is_running(bob))
    assert (is_running(alice), is_running(carol)) == (True, True)


def test_zygote_that_needs_more_memory_than_allowed_ends(start_bench):
    bench = start_bench(WarmLimits(processes=3, idle_seconds=3600, memory_bytes=150 << 20))
    small = bench.warm_up("alice")

    bench.complete("first", "bob", "warm-greedy")

    wait_until(lambda: len(bench.runner.zygote_pids) > 2 or not is_running(small))
    wait_until(lambda: not bench.runner.has_warm("bob") and len(bench.runner.zygote_pids) < 3)


def test_idle_zygotes_of_others_give_way_when_a_job_may_need_their_memory(start_bench):
    bench = start_bench()
    warm = bench.warm_up("alice")

    bench.begin("large", None, memory_bytes=psutil.virtual_memory().total * 2)

    wait_until(lambda: not is_running(warm))
    assert bench.outcome("large").exit_code == 0


def test_reload_ends_warm_zygotes(start_bench):
    bench = start_bench()
    warm = bench.warm_up("alice")

    bench.runner.reload(["samples/no-op"])

    wait_until(lambda: not is_running(warm))
    assert not bench.complete("next", "alice")["was_set_up_before"]


def test_closing_the_runner_ends_warm_zygotes(start_bench):
    bench = start_bench()
    warm = bench.warm_up("alice")

    bench.runner.close()

    assert not is_running(warm)


def test_jobs_of_many_owners_at_once_get_the_memory_of_their_own(start_bench):
    bench = start_bench()
    keys = ("alice", "bob", "carol")
    for key in keys:
        bench.warm_up(key)
    models = {key: bench.complete(f"model-{key}", key)["model"] for key in keys}
    assert len(set(models.values())) == len(keys)
    zygotes = {key: set() for key in keys}

    def run(key):
        for number in range(5):
            process = bench.begin(f"{key}-{number}", key)
            zygotes[key].add(parent_of(process.pid))
            assert bench.outcome(f"{key}-{number}").exit_code == 0

    threads = [threading.Thread(target=run, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    pids = [pid for key in keys for pid in zygotes[key] if pid is not None]
    assert len(pids) == len(set(pids))


def parent_of(pid):
    try:
        return psutil.Process(pid).ppid()
    except psutil.NoSuchProcess:  # it has ended
        return None
