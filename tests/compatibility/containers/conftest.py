"""Fixtures: one Podman service, and one platform that runs containers with it, for all tests of this folder."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from demo.platform_process import PlatformProcess
from support.container_engines import podman_service
from support.documentation_pages import ROOT
from support.platforms import new_platform, running
from support.podman import Podman

BuildExample = Callable[[str], str]


@pytest.fixture(scope="session")
def build_example(podman: Podman, sdk_base: str) -> BuildExample:
    """A function that builds the image of an example, once for all tests, and returns its tag."""

    @cache
    def build(example: str) -> str:
        return podman.build(ROOT / "examples" / example, f"localhost/{example}:latest", {"BASE": sdk_base})

    return build


@pytest.fixture(scope="session")
def podman_url(podman: Podman) -> Iterator[str]:
    """The URL of Podman's service."""
    with podman_service(podman) as url:
        yield url


@pytest.fixture(scope="session")
def container_platform(podman_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """A platform that runs containers by Podman."""
    environment = {"VOXEL51_SERVER_CONTAINER_ENGINE": podman_url}
    folder = tmp_path_factory.mktemp("container-platform")
    with running(new_platform(folder / "data", environment=environment)) as platform:
        yield platform
