"""Data by URL: recorded once and read from their host when needed, on a running platform."""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.hostile_hosts import HostileHost, saying
from support.loopback_server import Loopback, Reply
from support.platforms import NO_OP, StartPlatform, new_platform, running
from support.stored_files import database_path, stored_keys
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.wire import dates

SIZE_BYTES = 700_000
CONTENT = os.urandom(SIZE_BYTES)
SECRET = "signature-that-nobody-may-see"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    """A platform that may read from loopback addresses."""
    allowing = {"VOXEL51_SERVER_OUTBOUND_ALLOW": "files.corp.example, 127.0.0.1"}
    with running(new_platform(tmp_path_factory.mktemp("sources") / "data", environment=allowing)) as platform:
        yield platform


@pytest.fixture(scope="module")
def user(place: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> User:
    return User.create(place, tmp_path_factory.mktemp("user"))


@pytest.fixture
def source() -> Iterator[Loopback]:
    host = Loopback()
    host.reply(Reply(body=CONTENT))
    yield host
    host.close()


def post(user: User, url: str, size: Any = SIZE_BYTES, **more: Any) -> requests.Response:
    body = {"signed_url": url, "filename": "a video.mp4", "mimetype": "video/mp4", "size": size, **more}
    return requests.post(f"{user.v1}/data/url", json=body, headers=user.headers, timeout=20)


def posted(user: User, url: str, size: int = SIZE_BYTES) -> str:
    answer = post(user, f"{url}/a?signature={SECRET}", size)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def download(user: User, data_id: str, **options: Any) -> requests.Response:
    options.setdefault("headers", {})
    options["headers"] = {**user.headers, **options["headers"]}
    return requests.get(f"{user.v1}/data/{data_id}/download", timeout=20, **options)


def count(user: User) -> int:
    return int(requests.get(f"{user.v1}/data/list", headers=user.headers, timeout=20).json()["count"])


def assert_refused(answer: requests.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == status
    assert all(word in answer.json()["error"]["message"] for word in words), answer.text
    assert SECRET not in answer.text


def test_data_by_url_is_listed_without_requesting_it(user: User, source: Loopback) -> None:
    expires = dates.to_text(dates.now() + timedelta(days=2))
    answer = post(user, f"{source.url}/a?signature={SECRET}", data_ttl=expires, encoding="binary")

    record = answer.json()["data"]
    assert answer.status_code == 201
    assert list(record) == ["id", "name", "size", "type", "upload_date", "expiration_date", "encoding"]
    assert record["name"] == "a video.mp4"
    assert (record["size"], record["type"], record["encoding"]) == (len(CONTENT), "video/mp4", "binary")
    assert record["expiration_date"] == expires
    for route in ("/data/list", f"/data?search=id:{record['id']}"):
        assert record in requests.get(user.v1 + route, headers=user.headers, timeout=20).json()["data"]
    details = requests.get(f"{user.v1}/data/{record['id']}", headers=user.headers, timeout=20)
    assert details.json()["data"] == {**record, "filename": record["name"], "sha256": None}
    assert SECRET not in answer.text + details.text
    assert source.connections == 0


def test_old_client_can_post_url(user: User, source: Loopback) -> None:
    with API(token=Token.from_json(str(user.token))) as api:
        url = f"{source.url}/a?signature={SECRET}"
        expires = dates.now() + timedelta(hours=3)
        data = api.post_data_as_url(url, "b.mp4", "video/mp4", len(CONTENT), expiration_date=expires)

    assert data["name"] == "b.mp4"
    assert download(user, data["id"]).content == CONTENT


def test_download_streams_bytes_without_storing(place: PlatformProcess, user: User, source: Loopback) -> None:
    kept = stored_keys(place.folder)
    answer = download(user, posted(user, source.url), allow_redirects=False)

    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a video.mp4"'
    assert answer.headers["Content-Type"] == "video/mp4"
    assert source.last.path == f"/a?signature={SECRET}"
    assert "authorization" not in source.last.headers
    assert stored_keys(place.folder) == kept


def test_signed_link_streams_bytes(user: User, source: Loopback) -> None:
    data_id = posted(user, source.url)
    link = requests.get(f"{user.v1}/data/{data_id}/download-url", headers=user.headers, timeout=20).json()["url"]

    assert link.startswith(user.v1)
    head = requests.head(link, timeout=20, allow_redirects=False)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(CONTENT)))
    assert head.headers["Content-Disposition"] == 'attachment; filename="a video.mp4"'
    assert source.connections == 0, "HEAD is answered without asking elsewhere"
    assert requests.get(link, timeout=20).content == CONTENT


def test_range_request_gets_whole_file(user: User, source: Loopback) -> None:
    answer = download(user, posted(user, source.url), headers={"Range": "bytes=5-9"})

    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Accept-Ranges"] == "none"


def test_empty_file_is_streamed(user: User, source: Loopback) -> None:
    source.reply(Reply(body=b""))

    assert download(user, posted(user, source.url, size=0)).content == b""


def test_redirect_is_followed_by_the_platform(user: User, source: Loopback) -> None:
    source.reply(Reply(302, headers={"Location": "/there"}), Reply(body=CONTENT))

    answer = download(user, posted(user, source.url), allow_redirects=False)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Reply(403, b"expired"), 424, ["127.0.0.1 responded with status 403"]),
        (Reply(404), 424, ["127.0.0.1 responded with status 404"]),
        (Reply(500), 502, ["127.0.0.1 responded with status 500"]),
        (Reply(body=CONTENT[1:]), 424, ["699999 bytes", "700000"]),
        (Reply(body=CONTENT + b"x"), 424, ["700001 bytes", "700000"]),
        (Reply(302, headers={"Location": "http://169.254.169.254/latest/"}), 424, ["not public"]),
        (Reply(body=CONTENT, headers={"Content-Encoding": "gzip"}), 424, ["compressed"]),
        (Reply(hang_up=True), 502, ["127.0.0.1 does not respond"]),
    ],
)
def test_source_errors_are_reported(user: User, source: Loopback, reply: Reply, status: int, words: list[str]) -> None:
    data_id = posted(user, source.url)
    source.reply(reply)

    assert_refused(download(user, data_id), status, *words)


def test_unreachable_source_is_reported(user: User, source: Loopback) -> None:
    data_id = posted(user, source.url)
    source.close()

    assert_refused(download(user, data_id), 502, "127.0.0.1 cannot be reached")


@pytest.mark.parametrize("announced", [4, 6, 300_000])
def test_wrong_size_never_looks_complete(user: User, announced: int) -> None:
    with HostileHost(saying(CHUNKED)) as host:
        data_id = posted(user, host.url, size=announced)

        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            download(user, data_id)


def test_broken_body_never_looks_complete(user: User, source: Loopback) -> None:
    data_id = posted(user, source.url)
    source.reply(Reply(body=CONTENT, cut_after=500_000))

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        download(user, data_id)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"signed_url": "http://169.254.169.254/latest/"}, 400),
        ({"signed_url": "http://127.0.0.2/"}, 400),
        ({"signed_url": "http://[::ffff:127.0.0.1]/"}, 400),
        ({"signed_url": "http://2130706433/"}, 400),
        ({"signed_url": "file:///etc/passwd"}, 400),
        ({"signed_url": f"http://user:{SECRET}@127.0.0.1/"}, 400),
        ({"signed_url": f"http://127.0.0.2/{SECRET}"}, 400),
        ({"signed_url": "\ud800"}, 400),
        ({"signed_url": 7}, 400),
        ({"signed_url": None}, 400),
        ({"size": -1}, 400),
        ({"size": "many"}, 400),
        ({"size": "²"}, 400),
        ({"size": 1.5}, 400),
        ({"size": None}, 400),
        ({"size": 1024**4 + 1}, 413),
        ({"size": 10**30}, 413),
        ({"filename": "x" * 300}, 400),
        ({"filename": None}, 400),
        ({"data_ttl": "2001-01-01"}, 400),
        ({"data_ttl": "soon"}, 400),
        ({"encoding": "x" * 65}, 400),
        ({"encoding": "\r\n"}, 400),
    ],
)
def test_invalid_description_is_rejected(user: User, changed: dict[str, Any], status: int) -> None:
    body = {"signed_url": "http://127.0.0.1/a", "filename": "a.mp4", "mimetype": "video/mp4", "size": 5, **changed}
    before = count(user)
    answer = requests.post(f"{user.v1}/data/url", json=body, headers=user.headers, timeout=20)

    assert_refused(answer, status)
    assert count(user) == before


def test_loopback_is_rejected_by_default(shared_user: User, platform: PlatformProcess, source: Loopback) -> None:
    for url in (source.url, platform.url, source.url.replace("127.0.0.1", "localhost")):
        assert_refused(post(shared_user, url), 400, "not public")
    assert source.connections == 0


@pytest.mark.parametrize("size", ["5", 5])
def test_size_may_be_text(user: User, size: Any) -> None:
    assert post(user, "http://127.0.0.1/a", size).json()["data"]["size"] == 5


def test_missing_size_is_requested_from_source(user: User, source: Loopback) -> None:
    body = {"signed_url": f"{source.url}/a?signature={SECRET}", "filename": "a.mp4"}
    answer = requests.post(f"{user.v1}/data/url", json=body, headers=user.headers, timeout=20)

    assert answer.status_code == 201, answer.text
    assert answer.json()["data"]["size"] == SIZE_BYTES
    assert source.connections == 1
    assert download(user, answer.json()["data"]["id"]).content == CONTENT


def test_source_without_size_is_reported(user: User) -> None:
    before = count(user)
    with HostileHost(saying(CHUNKED)) as host:
        body = {"signed_url": f"{host.url}/a?signature={SECRET}", "filename": "a.mp4"}
        answer = requests.post(f"{user.v1}/data/url", json=body, headers=user.headers, timeout=20)

    assert_refused(answer, 400, "127.0.0.1", "size")
    assert count(user) == before


def test_source_refusing_size_is_reported(user: User, source: Loopback) -> None:
    source.reply(Reply(status=403))
    body = {"signed_url": f"{source.url}/a?signature={SECRET}", "filename": "a.mp4"}
    assert_refused(requests.post(f"{user.v1}/data/url", json=body, headers=user.headers, timeout=20), 424, "403")


def test_repeated_post_creates_one_record(user: User, source: Loopback) -> None:
    body = {"signed_url": source.url, "filename": "a.mp4", "mimetype": "video/mp4", "size": 5}
    headers = {**user.headers, "Idempotency-Key": "once"}
    before = count(user)
    answers = [requests.post(f"{user.v1}/data/url", json=body, headers=headers, timeout=20) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert count(user) == before + 1


def test_expiration_date_cannot_be_changed(user: User, source: Loopback) -> None:
    data_id = posted(user, source.url)

    for change in ({"days": "1"}, {"days": "-999"}, {"expiration_date": "2040-01-01"}):
        answer = requests.put(f"{user.v1}/data/{data_id}/ttl", data=change, headers=user.headers, timeout=20)
        assert_refused(answer, 400, "its expiration date is fixed")
    body = {"action": "ttl", "days": "-999", "ids": [data_id]}
    batch = requests.post(f"{user.v1}/data/batch", json=body, headers=user.headers, timeout=20).json()
    assert batch["responses"][data_id]["error"]["code"] == 400
    assert download(user, data_id).content == CONTENT


def test_deleted_data_are_not_found(user: User, source: Loopback) -> None:
    data_id = posted(user, source.url)

    assert requests.delete(f"{user.v1}/data/{data_id}", headers=user.headers, timeout=20).status_code == 204
    assert_refused(download(user, data_id), 404)


def test_url_is_encrypted_and_not_logged(place: PlatformProcess, user: User, source: Loopback) -> None:
    data_id = posted(user, source.url)
    source.reply(Reply(500))
    download(user, data_id)

    with closing(sqlite3.connect(database_path(place.folder))) as connection:
        [(sealed,)] = connection.execute("SELECT source_url FROM data WHERE id = ?", [data_id])
    assert SECRET not in sealed
    assert "127.0.0.1" not in sealed
    kept = [path for path in place.folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]
    assert SECRET not in place.log.read_text()


def test_replaced_key_requires_posting_again(start_platform: StartPlatform, tmp_path: Path, source: Loopback) -> None:
    platform = start_platform(environment={"VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1"})
    user = User.create(platform, tmp_path)
    data_id = posted(user, source.url)
    platform.stop()
    (platform.folder / "signing.key").write_bytes(os.urandom(32))
    platform.start()

    assert_refused(download(user, data_id), 424, "Post it again")


def test_hanging_sources_do_not_delay_other_requests(
    start_platform: StartPlatform, tmp_path: Path, source: Loopback
) -> None:
    """More downloads hang than the platform has threads for requests; other requests still succeed."""
    released = threading.Event()
    few = {"VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1", "VOXEL51_SERVER_THREADS": "2"}
    user = User.create(start_platform(environment=few), tmp_path)
    data_id = posted(user, source.url)
    source.reply(Reply(body=CONTENT, until=released))
    downloads = [threading.Thread(target=download, args=(user, data_id)) for _ in range(6)]
    for thread in downloads:
        thread.start()
    deadline = time.monotonic() + LIMIT_SECONDS
    while len(source.requests) < len(downloads):
        assert time.monotonic() < deadline
        time.sleep(0.01)

    for _ in range(5):
        assert requests.get(f"{user.v1}/data/list", headers=user.headers, timeout=20).status_code == 200
        assert post(user, f"{source.url}/another").status_code == 201
    released.set()
    for thread in downloads:
        thread.join()


def run(user: User, data_id: str) -> dict[str, Any]:
    """Return the record of a finished job on the data, with its status."""
    request = {"analytic": NO_OP, "inputs": {"video": {"data-id": data_id}}, "parameters": {}}
    files = {"file": ("job.json", json.dumps(request))}
    form = {"job_name": "by URL", "auto_start": "true"}
    jobs = f"{user.v1}/jobs"
    job = requests.post(jobs, files=files, data=form, headers=user.headers, timeout=20).json()["job"]
    deadline = time.monotonic() + LIMIT_SECONDS
    while job["state"] not in {"COMPLETE", "FAILED"}:
        assert time.monotonic() < deadline, job
        time.sleep(0.1)
        job = requests.get(f"{jobs}/{job['id']}", headers=user.headers, timeout=20).json()["job"]
    status = requests.get(f"{jobs}/{job['id']}/status", headers=user.headers, timeout=20).json()
    return {**job, "messages": " ".join(message["message"] for message in status["messages"])}


def test_job_runs_on_data_by_url(user: User, source: Loopback) -> None:
    assert run(user, posted(user, source.url))["state"] == "COMPLETE"
    assert source.last.path == f"/a?signature={SECRET}"


def test_job_with_refused_input_fails_as_user_error(user: User, source: Loopback) -> None:
    data_id = posted(user, source.url)
    source.reply(Reply(403))

    job = run(user, data_id)
    assert (job["state"], job["failure_type"]) == ("FAILED", "USER")
    assert "the file of 'video' cannot be downloaded: 127.0.0.1 responded with status 403" in job["messages"]
