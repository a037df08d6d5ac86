"""Fixtures of tests on Slurm: a cluster of two nodes, and a platform that submits its jobs there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.accounts import User
from support.cluster_platforms import ClusterPlatform
from support.slurm_cluster import SlurmTestCluster, new_slurm_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[SlurmTestCluster]:
    with new_slurm_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def started_platform(cluster: SlurmTestCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterPlatform]:
    platform = ClusterPlatform(cluster.platform(tmp_path_factory.mktemp("slurm") / "data"), "slurm")
    platform.process.start()
    try:
        yield platform
    finally:
        assert platform.process.stop() == 0, platform.process.tail()
        assert not cluster.jobs(), "the platform left Slurm jobs"


@pytest.fixture
def platform(started_platform: ClusterPlatform) -> ClusterPlatform:
    """The platform, once it has found the partition."""
    started_platform.wait_for_workers(1)
    return started_platform


@pytest.fixture
def user(platform: ClusterPlatform, tmp_path: Path) -> User:
    return User.create(platform.process, tmp_path)
