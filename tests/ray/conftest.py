"""Fixtures of tests on Ray: a head and a platform on this machine, and two workers on machines of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.accounts import User
from support.ray_nodes import RayPlatform, RayTestCluster, Worker, new_ray_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[RayTestCluster]:
    with new_ray_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def all_workers(cluster: RayTestCluster) -> Iterator[list[Worker]]:
    with cluster.worker() as first, cluster.worker() as second:
        yield [first, second]


@pytest.fixture(scope="session")
def started_platform(
    cluster: RayTestCluster, all_workers: list[Worker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RayPlatform]:
    platform = RayPlatform(cluster, tmp_path_factory.mktemp("ray"))
    platform.process.start()
    try:
        yield platform
    finally:
        platform.process.kill()


@pytest.fixture
def platform(started_platform: RayPlatform) -> RayPlatform:
    """The platform, with two workers that are ready."""
    started_platform.wait_for_workers(2)
    return started_platform


@pytest.fixture
def workers(platform: RayPlatform, all_workers: list[Worker]) -> list[Worker]:
    return all_workers


@pytest.fixture
def user(platform: RayPlatform, tmp_path: Path) -> User:
    return User.create(platform.process, tmp_path)
