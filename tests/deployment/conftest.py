"""Fixtures: images of the platform, built once from the Dockerfile of the repository, and of the services beside it."""

import shutil
import sys
from pathlib import Path

import pytest

from support.debian_images import CERTIFICATES, debian_base, pip_configuration
from support.documentation_pages import ROOT
from support.podman import Podman

SERVICES = Path(__file__).parent / "services"


@pytest.fixture(scope="session")
def debian(podman: Podman) -> str:
    """The tag of an image of Debian with Python."""
    return debian_base(podman)


@pytest.fixture(scope="session")
def platform_image(podman: Podman, debian: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tag of the image `server`."""
    return _target(podman, debian, "server", tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="session")
def worker_image(podman: Podman, debian: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tag of the image `worker`."""
    return _target(podman, debian, "worker", tmp_path_factory.mktemp("build"))


def _target(podman: Podman, debian: str, target: str, folder: Path) -> str:
    configuration = pip_configuration(folder)
    return podman.build(
        ROOT, f"localhost/voxel51-{target}:test", {"BASE": debian},
        "--format=docker",  # the format of OCI has no health checks
        f"--file={ROOT / 'deploy/Dockerfile'}", f"--target={target}",
        f"--secret=id=pip,src={configuration}", f"--secret=id=certificates,src={CERTIFICATES}",
    )  # fmt: skip


@pytest.fixture(scope="session")
def images(
    podman: Podman, debian: str, platform_image: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The variables of compose.yaml that name images."""
    context = shutil.copytree(SERVICES, tmp_path_factory.mktemp("services") / "context")
    shutil.copy(Path(sys.executable).with_name("weed"), context / "weed")
    store = podman.build(context, "localhost/test-store:latest", {"BASE": debian}, "--target=store")
    found = {"STORE_IMAGE": store, "VOXEL51_IMAGE": platform_image}
    thin = (context / "Dockerfile").read_text().split("\n\n")[1:]
    for name, lines in zip(("DATABASE_IMAGE", "PROXY_IMAGE"), thin, strict=True):
        folder = tmp_path_factory.mktemp("thin")
        (folder / "Dockerfile").write_text(lines.replace("FROM store", f"FROM {store}"))
        found[name] = podman.build(folder, f"localhost/test-{name.lower().replace('_', '-')}:latest", {})
    return found
