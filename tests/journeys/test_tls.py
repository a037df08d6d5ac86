"""HTTPS with a self-signed certificate."""

import json
import os
import urllib.request
from pathlib import Path
from ssl import create_default_context

import pytest

from support.accounts import User
from support.certificates import self_signed_certificate
from support.platforms import NO_OP, StartPlatform
from support.requirements import require_program
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Return a self-signed certificate for 127.0.0.1 and its key."""
    require_program("openssl")
    return self_signed_certificate(tmp_path)


def test_jobs_run_on_a_platform_with_https(
    start_platform: StartPlatform, certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = start_platform("--tls-certificate", str(certificate[0]), "--tls-key", str(certificate[1]))
    user = User.create(platform, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    with API(token=Token.from_json(str(user.token))) as api:
        job_id = api.upload_job_request(JobRequest(NO_OP), "over TLS", auto_start=True)["id"]
        api.wait_until_job_completes(job_id, sleep_time=0.1, max_wait_time=60)
        link = api.get_job_output_download_url(job_id)

    assert platform.url.startswith("https://127.0.0.1:")
    base_url = json.loads(user.token.read_text())["access_token"]["base_api_url"]
    assert base_url == platform.url
    assert link.startswith(platform.url)
    context = create_default_context(cafile=str(certificate[0]))
    with urllib.request.urlopen(link, context=context, timeout=LIMIT_SECONDS) as answer:
        assert answer.read() == b"{}"


def test_large_files_are_transferred_by_https(
    start_platform: StartPlatform, certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = start_platform("--tls-certificate", str(certificate[0]), "--tls-key", str(certificate[1]))
    user = User.create(platform, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    file = tmp_path / "large.bin"
    file.write_bytes(os.urandom(18 * 1024 * 1024 + 1))  # large enough to be uploaded in parts

    with API(token=Token.from_json(str(user.token))) as api:
        data_id = api.upload_data(file, verify=True)["id"]
        api.download_data(data_id, tmp_path / "copy.bin")

    assert (tmp_path / "copy.bin").read_bytes() == file.read_bytes()
