"""The runner over nodes: placement, leases, and what happens when a node is away."""

import itertools
import time

import pytest

from support.loopback_cluster import LoopbackCluster, LoopbackNode
from support.waiting import wait_until
from voxel51.runners.interface import ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes import runner as node_runner
from voxel51.runners.nodes.interface import Versions
from voxel51.runners.nodes.refusals import versions_here
from voxel51.runners.nodes.runner import NodeRunner
from voxel51.runners.programs import PackageProgram
from voxel51.runners.resources import NO_RESOURCES, Resources
from voxel51.wire.tasks import JobLimits

from .conftest import Ended

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=2**30, file_bytes=2**30, open_files=64)
_numbers = itertools.count(1)


def launch(resources: Resources | None = None) -> LaunchSpec:
    return LaunchSpec(
        f"attempt-{next(_numbers)}", PackageProgram("a/b"), {}, LIMITS, resources=resources or Resources()
    )


def started(runner: NodeRunner, *launches: LaunchSpec) -> None:
    for each in launches:
        runner.start(each)


def ids_on(node: LoopbackNode) -> set[str]:
    return {each.attempt_id for each in node.attempts.started}


def test_attempts_are_spread_over_the_nodes_and_the_rest_waits(
    cluster: LoopbackCluster, runner: NodeRunner, ended: Ended
) -> None:
    nodes = [cluster.join("one"), cluster.join("two")]
    wait_until(lambda: runner.slots() == 4)
    launches = [launch() for _ in range(5)]

    started(runner, *launches)

    wait_until(lambda: [len(node.attempts.started) for node in nodes] == [2, 2])
    assert runner.attempts() == {each.attempt_id for each in launches}
    first = nodes[0].attempts.started[0].attempt_id
    nodes[0].attempts.end(first, ExitReason.CRASHED)
    wait_until(lambda: len(nodes[0].attempts.started) == 3)
    wait_until(lambda: ended.of(first))
    assert ended.of(first)[0].exit_reason is ExitReason.CRASHED
    assert ended.of(first)[0].log == b"last words"
    wait_until(lambda: len(runner.attempts()) == 4)


def test_slots_follow_the_nodes(cluster: LoopbackCluster, runner: NodeRunner) -> None:
    assert runner.slots() == 0
    assert runner.problem == "no node has joined"
    node = cluster.join("one", cpus=3)
    wait_until(lambda: runner.slots() == 3)
    assert runner.problem is None
    runner.start(launch())
    wait_until(lambda: node.attempts.started)
    assert runner.slots() == 3

    node.is_leaving = True

    wait_until(lambda: runner.slots() == 1)  # the one that still runs


def test_attempts_that_need_no_processor_run_beside_all_others(cluster: LoopbackCluster, runner: NodeRunner) -> None:
    node = cluster.join("one", cpus=1)
    wait_until(lambda: runner.slots() == 1)
    started(runner, launch(), launch(NO_RESOURCES), launch(NO_RESOURCES))

    wait_until(lambda: len(node.attempts.started) == 3)


def test_an_attempt_for_a_gpu_runs_on_a_node_with_a_gpu(cluster: LoopbackCluster, runner: NodeRunner) -> None:
    cluster.join("without", cpus=8)
    wait_until(lambda: runner.slots() == 8)
    assert not runner.has_gpus()
    needs_gpu = launch(Resources(1, 1))
    runner.start(needs_gpu)
    node = cluster.join("with", cpus=1, gpus=1)

    wait_until(lambda: ids_on(node) == {needs_gpu.attempt_id})
    assert runner.has_gpus()


def test_attempts_share_the_memory_of_a_node(cluster: LoopbackCluster, runner: NodeRunner) -> None:
    small = cluster.join("small", cpus=8, memory_bytes=4 << 30)
    wait_until(lambda: runner.slots() == 8)
    large = [launch(Resources(1, 0, 3 << 30)) for _ in range(2)]
    for each in large:
        runner.start(each)
    wait_until(lambda: len(ids_on(small)) == 1)

    second = cluster.join("second", cpus=1, memory_bytes=4 << 30)

    wait_until(lambda: len(ids_on(second)) == 1)
    assert ids_on(small) | ids_on(second) == {each.attempt_id for each in large}


def test_an_attempt_that_no_node_can_run_ends_unplaced_with_the_reason(
    cluster: LoopbackCluster, runner: NodeRunner, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_runner, "UNPLACEABLE_SECONDS", 0.5)
    cluster.join("small", cpus=1)
    wait_until(lambda: runner.slots() == 1)
    big = launch(Resources(64))

    runner.start(big)

    wait_until(lambda: ended.of(big.attempt_id))
    assert ended.of(big.attempt_id)[0].exit_reason is ExitReason.UNPLACED
    assert ended.of(big.attempt_id)[0].detail == "No node can run the job, which needs 64 CPU: all have less."
    assert not runner.could_run(big)
    cluster.join("large", cpus=64)
    wait_until(lambda: runner.could_run(big))


def test_a_cancelled_attempt_ends_on_its_node_or_before_it_is_placed(
    cluster: LoopbackCluster, runner: NodeRunner, ended: Ended
) -> None:
    node = cluster.join("one", cpus=1)
    wait_until(lambda: runner.slots() == 1)
    running, waiting = launch(), launch()
    runner.start(running)
    wait_until(lambda: node.attempts.started)
    runner.start(waiting)

    runner.stop(waiting.attempt_id)
    runner.stop(running.attempt_id)

    wait_until(lambda: len(ended.outcomes) == 2)
    assert {outcome.exit_reason for outcome in ended.outcomes} == {ExitReason.STOPPED}
    assert ids_on(node) == {running.attempt_id}


@pytest.mark.parametrize(
    ("other", "word"),
    [(Versions("2.7", "0.1.0", ""), "Python is 2.7"), (Versions("3.11", "0.0.1", ""), "voxel51-platform is 0.0.1")],
)
def test_a_node_of_another_version_is_not_used(
    cluster: LoopbackCluster, runner: NodeRunner, other: Versions, word: str
) -> None:
    cluster.join("other", versions=other)

    wait_until(lambda: runner.nodes() and "install that one" in (runner.nodes()[0].obstacle or ""))
    assert word in (runner.problem or "")
    assert runner.slots() == 0


def test_the_attempts_of_a_silent_node_are_lost_and_the_node_has_ended_them(
    cluster: LoopbackCluster, runner: NodeRunner, ended: Ended
) -> None:
    node = cluster.join("one")
    wait_until(lambda: runner.slots() == 2)
    attempt = launch()
    runner.start(attempt)
    wait_until(lambda: node.attempts.started)

    node.is_cut = True
    cut_at = time.monotonic()

    wait_until(lambda: ended.of(attempt.attempt_id))
    assert time.monotonic() - cut_at >= 1.0, "given up before the lease has ended"
    assert ended.of(attempt.attempt_id)[0].exit_reason is ExitReason.LOST
    assert node.attempts.attempts() == set(), "given up while the node may still run it"
    assert runner.slots() == 0


def test_a_healed_node_is_used_again_and_runs_nothing_old(
    cluster: LoopbackCluster, runner: NodeRunner, ended: Ended
) -> None:
    node = cluster.join("one")
    wait_until(lambda: runner.slots() == 2)
    attempt = launch()
    runner.start(attempt)
    wait_until(lambda: node.attempts.started)
    node.is_cut = True
    late = launch()
    runner.start(late)  # its call is on the way when the lease ends
    wait_until(lambda: len(ended.outcomes) == 2)

    node.is_cut = False
    node.deliver()

    wait_until(lambda: runner.slots() == 2)
    assert node.attempts.attempts() == set(), "a start of an earlier lease was executed"
    new = launch()
    runner.start(new)
    wait_until(lambda: node.attempts.attempts() == {new.attempt_id})
    assert len(ended.of(attempt.attempt_id)) == len(ended.of(late.attempt_id)) == 1


@pytest.mark.parametrize("lease_seconds", [4.0])  # a busy machine may be silent for a second by itself
def test_a_short_silence_costs_nothing(
    cluster: LoopbackCluster, runner: NodeRunner, ended: Ended, lease_seconds: float
) -> None:
    node = cluster.join("one")
    wait_until(lambda: runner.slots() == 2)
    attempt = launch()
    runner.start(attempt)
    wait_until(lambda: node.attempts.started)

    node.is_cut = True
    time.sleep(0.2)
    node.is_cut = False

    time.sleep(1.25 * lease_seconds)
    assert ended.outcomes == []
    assert node.attempts.attempts() == {attempt.attempt_id}


def test_an_attempt_that_a_node_refuses_runs_on_another_one(
    cluster: LoopbackCluster, runner: NodeRunner, ended: Ended
) -> None:
    broken = cluster.join("broken", cpus=8)
    wait_until(lambda: runner.slots() == 8)
    broken.attempts.refusal = OSError("no process ids")
    good = cluster.join("good", cpus=1)
    wait_until(lambda: runner.slots() == 9)
    attempt = launch()

    runner.start(attempt)

    wait_until(lambda: ids_on(good) == {attempt.attempt_id})
    assert broken.attempts.refused >= 1  # a loaded machine may try it once more
    assert ended.outcomes == []


def test_an_attempt_that_its_node_forgot_is_lost(cluster: LoopbackCluster, runner: NodeRunner, ended: Ended) -> None:
    node = cluster.join("one")
    wait_until(lambda: runner.slots() == 2)
    attempt = launch()
    runner.start(attempt)
    wait_until(lambda: node.attempts.started)

    forgetful = LoopbackNode(node.agent.offer(), 1.0)
    dead, node.agent = node.agent, forgetful.agent  # a new agent on the same node

    wait_until(lambda: ended.of(attempt.attempt_id))
    assert ended.of(attempt.attempt_id)[0].exit_reason is ExitReason.LOST
    dead.close()


def test_a_node_that_has_left_the_cluster_is_no_longer_listed(cluster: LoopbackCluster, runner: NodeRunner) -> None:
    node = cluster.join("one")
    wait_until(lambda: runner.slots() == 2)

    node.is_cut = True
    cluster.leave("one")

    wait_until(lambda: not runner.nodes())
    node.agent.close()


def test_the_end_of_the_runner_stops_all_attempts(cluster: LoopbackCluster, ended: Ended) -> None:
    runner = NodeRunner(cluster, 1.0, versions_here(""))
    runner.open(ended)
    node = cluster.join("one", cpus=1)
    wait_until(lambda: runner.slots() == 1)
    started(runner, launch(), launch())
    wait_until(lambda: node.attempts.started)

    runner.close()

    assert [outcome.exit_reason for outcome in ended.outcomes] == [ExitReason.STOPPED] * 2
    assert node.attempts.attempts() == set()
