"""Fixtures of tests on nodes: a cluster in this process, whose links can be cut."""

from collections.abc import Iterator

import pytest

from support.loopback_cluster import LoopbackCluster
from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.nodes.refusals import versions_here
from voxel51.runners.nodes.runner import NodeRunner


class Ended:
    """Outcomes that a runner reported."""

    def __init__(self) -> None:
        self.outcomes: list[AttemptOutcome] = []

    def __call__(self, outcome: AttemptOutcome) -> None:
        self.outcomes.append(outcome)

    def of(self, attempt_id: str) -> list[AttemptOutcome]:
        """Return the outcomes of an attempt."""
        return [outcome for outcome in self.outcomes if outcome.attempt_id == attempt_id]


@pytest.fixture
def ended() -> Ended:
    return Ended()


@pytest.fixture
def lease_seconds() -> float:
    return 1.0


@pytest.fixture
def cluster(lease_seconds: float) -> Iterator[LoopbackCluster]:
    cluster = LoopbackCluster(lease_seconds)
    yield cluster
    cluster.close_agents()


@pytest.fixture
def runner(cluster: LoopbackCluster, ended: Ended, lease_seconds: float) -> Iterator[NodeRunner]:
    runner = NodeRunner(cluster, lease_seconds, versions_here(""))
    runner.open(ended)
    yield runner
    runner.close()
