"""Fixtures: container engines, and an image with the sample analytics."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from samples.installed import SAMPLES, install
from support.container_engines import docker_daemon, podman_service
from support.file_host import FileHost, file_host
from support.podman import Podman


@pytest.fixture(scope="session")
def podman_url(podman: Podman) -> Iterator[str]:
    """The URL of Podman's service."""
    with podman_service(podman) as url:
        yield url


@pytest.fixture(scope="session")
def docker_url() -> Iterator[str]:
    """The URL of a Docker daemon."""
    with docker_daemon() as url:
        yield url


@pytest.fixture(scope="session")
def sample_image(podman: Podman, light_base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileHost]:
    """A host that serves an image with the SDK and the sample analytics, one of which a launch names."""
    context = tmp_path_factory.mktemp("sample-image") / "context"
    shutil.copytree(Path(__file__).parent / "sample_image", context)
    installed = context / "installed"
    install(installed)
    shutil.copytree(SAMPLES / "samples", installed / "samples", ignore=shutil.ignore_patterns("__pycache__"))
    tag = podman.build(context, "localhost/samples:latest", {"BASE": light_base})
    with file_host(podman.save(tag, context / "image.tar").read_bytes()) as host:
        yield host
