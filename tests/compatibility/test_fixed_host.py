"""The client of 2019-10 has a fixed host name: name resolution and a private authority lead it to another platform."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.accounts import User
from support.platforms import StartPlatform
from support.requirements import require_program
from support.waiting import LIMIT_SECONDS

HOST = "api.voxel51.com"

# Runs in a process of its own, as the old client did: `requests` without a session, and the fixed address. The name is
# resolved here, because /etc/hosts and port 443 belong to the whole machine.
CLIENT = """
import json, socket, sys
import requests

port, key = int(sys.argv[1]), sys.argv[2]
look_up = socket.getaddrinfo

def look_up_here(host, service, *more, **named):
    assert (host, service) == ("api.voxel51.com", 443), (host, service)
    return look_up("127.0.0.1", port, *more, **named)

socket.getaddrinfo = look_up_here
base, headers = "https://api.voxel51.com/v1", {"Authorization": "Bearer " + key}
sent = requests.post(base + "/data", headers=headers, files={"file": ("v.mp4", b"content", "video/mp4")})
listed = requests.get(base + "/data/list", headers=headers, stream=True)
[record] = listed.json()["data"]
content = requests.get(base + "/data/" + record["id"] + "/download", headers=headers, stream=True)
details = requests.get(base + "/data/" + record["id"], headers=headers).json()["data"]
print(json.dumps([sent.status_code, content.text, details["filename"]]))
"""


@pytest.fixture
def authority(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Return the certificate of a private authority, and a certificate and key that it issued for the old host name."""
    require_program("openssl")
    root, root_key, request, certificate, key, extensions = (
        tmp_path / name for name in ("root.pem", "root.key", "host.csr", "host.pem", "host.key", "host.ext")
    )
    extensions.write_text(f"subjectAltName=DNS:{HOST}\nbasicConstraints=critical,CA:FALSE\n")

    def openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    new_key = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=private authority", "-out", root, "-keyout", root_key)
    openssl("req", *new_key, "-subj", f"/CN={HOST}", "-out", request, "-keyout", key)
    openssl("x509", "-req", "-in", request, "-CA", root, "-CAkey", root_key, "-CAcreateserial", "-days", "2",
            "-extfile", extensions, "-out", certificate)  # fmt: skip
    return root, certificate, key


def run_client(port: int, user: User, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CLIENT, str(port), user.key]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )


def test_the_client_with_the_fixed_host_works_with_a_private_authority(
    start_platform: StartPlatform, authority: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    root, certificate, key = authority
    platform = start_platform("--tls-certificate", str(certificate), "--tls-key", str(key))
    user, port = User.create(platform, tmp_path), urlsplit(platform.url).port
    assert port is not None

    done = run_client(port, user, REQUESTS_CA_BUNDLE=str(root))
    without_authority = run_client(port, user)

    assert done.stdout.strip() == '[201, "content", "v.mp4"]', done.stderr
    assert "CERTIFICATE_VERIFY_FAILED" in without_authority.stderr
