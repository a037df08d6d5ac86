"""Hostile uploads: no partial files, no files outside the storage, and a clear error."""

import os
import time
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.platforms import StartPlatform
from support.raw_http import connect, send
from support.small_disks import SMALL_DISK_MIB
from support.stored_files import orphans, stored_keys
from support.waiting import LIMIT_SECONDS

BOUNDARY = "----hostile-boundary"


def body_with_name(filename: bytes, content: bytes = b"content") -> bytes:
    head = b'Content-Disposition: form-data; name="file"; filename="' + filename + b'"\r\nContent-Type: video/mp4'
    return b"--" + BOUNDARY.encode() + b"\r\n" + head + b"\r\n\r\n" + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def headers_of(user: User) -> dict[str, str]:
    return {"authorization": f"Bearer {user.key}", "content-type": f"multipart/form-data; boundary={BOUNDARY}"}


HOSTILE_NAMES = [
    pytest.param(b"../../x", id="climbing"),
    pytest.param(b"..\\..\\x", id="climbing as on Windows"),
    pytest.param(b"/etc/passwd", id="absolute"),
    pytest.param(b"..", id="two dots"),
    pytest.param(b".", id="one dot"),
    pytest.param(b"", id="empty"),
    pytest.param(b"nul\x00byte.mp4", id="NUL"),
    pytest.param(b"x" * 300 + b".mp4", id="300 characters"),
    pytest.param("🎥🚲.mp4".encode(), id="emoji"),
    pytest.param(b"CON", id="a device of Windows"),
    pytest.param(b"a%22b'c.mp4", id="quotes"),
    pytest.param(b"a%0D%0AX-Injected: yes.mp4", id="line break, encoded"),
    pytest.param(b"\xff\xfe\xfa.mp4", id="not UTF-8"),
    pytest.param(b"<script>alert(1)</script>.mp4", id="markup"),
    pytest.param(b" . ", id="blanks and dots"),
]


@pytest.mark.parametrize("filename", HOSTILE_NAMES)
def test_hostile_name_is_refused_or_made_harmless(
    shared_user: User, platform: PlatformProcess, filename: bytes
) -> None:
    answer = send("POST", f"{shared_user.v1}/data", headers_of(shared_user), body_with_name(filename))

    if answer.status != 201:
        assert answer.status == 400, answer.body
        assert answer.json()["error"]["message"]
        return
    record = answer.json()["data"]
    name = record["name"]
    assert name
    assert name not in {".", ".."}
    assert len(name.encode()) <= 255
    assert not set(name) & set("/\\\x00\r\n")
    download = send("GET", f"{shared_user.v1}/data/{record['id']}/download", headers_of(shared_user))
    assert (download.status, download.body) == (200, b"content")
    assert "x-injected" not in download.headers
    assert not [key for key in stored_keys(platform.folder) if name in key], "a caller's name became a path"


def test_line_break_in_a_name_cannot_inject_headers(shared_user: User) -> None:
    body = body_with_name(b'a"\r\nX-Injected: yes\r\n\r\n.mp4')

    answer = send("POST", f"{shared_user.v1}/data", headers_of(shared_user), body)

    assert answer.status in {201, 400}
    assert "x-injected" not in answer.headers


def wait_for_keys(platform: PlatformProcess, keys: set[str]) -> None:
    """Wait until the storage holds exactly ``keys``; fail if it ends up with others."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (found := set(stored_keys(platform.folder))) != keys:
        assert time.monotonic() < deadline, f"stayed: {found - keys}; went: {keys - found}"
        time.sleep(0.02)


def wait_for_a_half_file(platform: PlatformProcess) -> None:
    """Wait until a file is being written."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not any((platform.folder / "storage" / "incoming").iterdir()):
        assert time.monotonic() < deadline, "the upload never began to be written"
        time.sleep(0.005)


@pytest.mark.parametrize("sent_bytes", [0, 10, 100, 1_000, 1_000_000, 5_000_000])
def test_interrupted_upload_leaves_nothing(shared_user: User, platform: PlatformProcess, sent_bytes: int) -> None:
    before = count_data(shared_user)
    keys = set(stored_keys(platform.folder))
    body = body_with_name(b"cut.mp4", os.urandom(8_000_000))
    head = (
        f"POST /v1/data HTTP/1.1\r\nhost: platform\r\nauthorization: Bearer {shared_user.key}\r\n"
        f"content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: {len(body)}\r\n\r\n"
    )

    with connect(shared_user.v1) as connection:
        connection.sendall(head.encode() + body[:sent_bytes])
        if sent_bytes >= 1_000:
            wait_for_a_half_file(platform)

    wait_for_keys(platform, keys)
    assert count_data(shared_user) == before


def count_data(user: User) -> int:
    return int(requests.get(f"{user.v1}/data", headers=user.headers, json={"limit": 1}).json()["count"])


def test_body_without_its_final_boundary_is_refused_and_not_stored(
    shared_user: User, platform: PlatformProcess
) -> None:
    keys = set(stored_keys(platform.folder))
    whole = body_with_name(b"unfinished.mp4", b"x" * 100_000)

    answer = send("POST", f"{shared_user.v1}/data", headers_of(shared_user), whole[:50_000])

    assert answer.status == 400
    assert answer.json()["error"]["message"]
    wait_for_keys(platform, keys)


def test_unauthorized_upload_is_refused_before_its_body_is_read(shared_user: User) -> None:
    head = (
        "POST /v1/data HTTP/1.1\r\nhost: platform\r\nauthorization: Bearer wrong\r\n"
        f"content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: 100000000000\r\n\r\n"
    )
    with connect(shared_user.v1) as connection:
        connection.sendall(head.encode())
        answered = connection.recv(4096)

    assert answered.startswith(b"HTTP/1.1 401 ")


def test_full_disk_is_reported_and_no_partial_file_is_kept(
    start_platform: StartPlatform, small_disk: Path, tmp_path: Path
) -> None:
    reserve = {"VOXEL51_SERVER_DISK_RESERVE_BYTES": "0"}
    own = start_platform(folder=small_disk / "data", environment=reserve)
    user = User.create(own, tmp_path)
    before = set(stored_keys(own.folder))

    def upload(size_mib: int, *, tell_size: bool) -> requests.Response:
        body = body_with_name(b"filling.mp4", os.urandom(size_mib * 1024 * 1024))
        pieces = (body[start : start + 65536] for start in range(0, len(body), 65536))
        return requests.post(f"{user.v1}/data", headers=headers_of(user), data=body if tell_size else pieces)

    fits = upload(8, tell_size=True)
    new_keys = set(stored_keys(own.folder)) - before
    announced = upload(SMALL_DISK_MIB * 2, tell_size=True)
    unannounced = upload(SMALL_DISK_MIB * 2, tell_size=False)

    assert fits.status_code == 201
    assert len(new_keys) == 1
    for refused in (announced, unannounced):
        assert refused.status_code == 507, refused.text
        assert "disk" in refused.json()["error"]["message"] or "fit" in refused.json()["error"]["message"]
    wait_for_keys(own, {*before, *new_keys})
    assert upload(4, tell_size=True).status_code == 201, "it serves on once space is free"
    own.stop()
    assert orphans(own.folder) == []
