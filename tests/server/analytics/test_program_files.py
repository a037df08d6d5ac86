"""Program files: runners fetch bundles and container images by signed links."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.image_archives import docker_archive
from support.stored_files import database_path
from voxel51.runners.programs import StoredFile
from voxel51.server.analytics.program_files import ProgramFiles
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.encryption import load_secret_key
from voxel51.server.errors import NotFound
from voxel51.server.http.signing import LinkSigner
from voxel51.wire.analytics import AnalyticImageType
from voxel51.wire.tokens import API_VERSION

MANIFEST = {
    "info": {"name": "counter", "version": "1.0", "description": "d", "supports_cpu": True, "supports_gpu": False},
    "inputs": [],
    "parameters": [],
    "outputs": [],
    "zip_outputs": False,
}
IMAGE = docker_archive(b"x" * 3000)


@pytest.fixture
def uploaded(platform: PlatformProcess, tmp_path: Path) -> tuple[User, str]:
    user = User.create(platform, tmp_path)
    url, manifest = f"{user.v1}/analytics", {"file": ("m.json", json.dumps(MANIFEST).encode())}
    analytic_id = requests.post(url, files=manifest, headers=user.headers, timeout=30).json()["analytic"]["id"]
    image = {"file": ("image.tar", IMAGE)}
    answer = requests.post(f"{url}/{analytic_id}/images?type=CPU", files=image, headers=user.headers, timeout=60)
    assert answer.status_code == 201
    return user, analytic_id


@pytest.fixture
def files(platform: PlatformProcess) -> ProgramFiles:
    return ProgramFiles(Database(sqlite_url(database_path(platform.folder))), signed_links(platform))


def signed_links(platform: PlatformProcess) -> Callable[[str, str], str]:
    signer = LinkSigner(load_secret_key(platform.folder / "signing.key"), lifetime_seconds=60)

    def link(method: str, path: str) -> str:
        return f"{platform.url}/{API_VERSION}{path}?{signer.query(method, f'/{API_VERSION}{path}')}"

    return link


def test_link_to_an_image_gives_its_bytes(uploaded, files):
    _, analytic_id = uploaded

    image = files.image(analytic_id, AnalyticImageType.CPU)

    assert isinstance(image, StoredFile)
    assert image.size_bytes == len(IMAGE)
    assert requests.get(image.url, timeout=30).content == IMAGE


def test_link_is_refused_for_other_files_and_without_its_signature(uploaded, files):
    _, analytic_id = uploaded
    url = files.image(analytic_id, AnalyticImageType.CPU).url

    assert requests.get(url.replace("/CPU?", "/bundle?"), timeout=30).status_code == 403
    assert requests.get(url.partition("?")[0], timeout=30).status_code == 403
    assert requests.put(url, timeout=30).status_code == 405


def test_missing_file_is_not_found(platform, uploaded, files):
    _, analytic_id = uploaded
    url = signed_links(platform)("GET", f"/links/analytics/{analytic_id}/bundle")

    assert requests.get(url, timeout=30).status_code == 404
    with pytest.raises(NotFound, match="has no file 'bundle'"):
        files.bundle(analytic_id)


def test_link_ends_with_the_analytic(uploaded, files):
    user, analytic_id = uploaded
    url = files.image(analytic_id, AnalyticImageType.CPU).url

    requests.delete(f"{user.v1}/analytics/{analytic_id}", headers=user.headers, timeout=30).raise_for_status()

    assert requests.get(url, timeout=30).status_code == 404
