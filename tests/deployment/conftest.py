"""Fixtures: the image of the platform, built once from the Dockerfile of the repository."""

import pytest

from support.debian_images import CERTIFICATES, debian_base, pip_configuration
from support.documentation_pages import ROOT
from support.podman import Podman


@pytest.fixture(scope="session")
def debian(podman: Podman) -> str:
    """The tag of an image of Debian with Python."""
    return debian_base(podman)


@pytest.fixture(scope="session")
def platform_image(podman: Podman, debian: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tag of the image `server`."""
    configuration = pip_configuration(tmp_path_factory.mktemp("build"))
    return podman.build(
        ROOT, "localhost/voxel51-platform:test", {"BASE": debian},
        "--format=docker",  # the format of OCI has no health checks
        f"--file={ROOT / 'deploy/Dockerfile'}", "--target=server",
        f"--secret=id=pip,src={configuration}", f"--secret=id=certificates,src={CERTIFICATES}",
    )  # fmt: skip
