"""Uploads and other changes as old clients send them, with unusual file names and options after the file."""

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import requests
from requests_toolbelt import MultipartEncoder

from support.accounts import User
from support.raw_http import connect, read_answer, send

BOUNDARY = "----old-client-boundary"


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """Return a multipart body of parts, each given as header lines and content."""
    pieces = [f"--{BOUNDARY}\r\n{headers}\r\n\r\n".encode() + content + b"\r\n" for headers, content in parts]
    return b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()


def post_multipart(user: User, path: str, *parts: tuple[str, bytes]) -> Any:
    """Post ``parts`` as the Node client does, and return the JSON of the response."""
    headers = {"authorization": f"Bearer {user.key}", "content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = send("POST", f"{user.v1}/{path}", headers, multipart(*parts))
    assert answer.status == 201, answer.body
    return answer.json()


def details(user: User, data_id: str) -> dict[str, Any]:
    return dict(requests.get(f"{user.v1}/data/{data_id}", headers=user.headers).json()["data"])


def upload(user: User, name: str = "video.mp4", content: bytes = b"content", **form: str) -> dict[str, Any]:
    """Upload as the Python client does: streamed by the toolbelt's encoder, options after the file."""
    encoder = MultipartEncoder(fields={"file": (name, BytesIO(content), "video/mp4"), **form})
    headers = {**user.headers, "Content-Type": encoder.content_type}
    answer = requests.post(f"{user.v1}/data", headers=headers, data=encoder)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def expiry(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["expiration_date"])


def test_an_upload_returns_seven_fields_and_keeps_every_byte(shared_user: User) -> None:
    content = bytes(range(256)) * 1000

    record = upload(shared_user, "bytes.mp4", content)

    assert list(record) == ["id", "name", "size", "type", "upload_date", "expiration_date", "encoding"]
    assert (record["name"], record["size"], record["type"]) == ("bytes.mp4", len(content), "video/mp4")
    downloaded = requests.get(f"{shared_user.v1}/data/{record['id']}/download", headers=shared_user.headers)
    assert downloaded.content == content


def test_details_contain_filename_for_the_oldest_client(shared_user: User) -> None:
    record = details(shared_user, upload(shared_user, "twice.mp4")["id"])

    assert record["name"] == record["filename"] == "twice.mp4"


@pytest.mark.parametrize(
    "ttl",
    [
        pytest.param("2030-01-02T03:04:05.678901", id="Python isoformat without a zone"),
        pytest.param("2030-01-02T03:04:05.678Z", id="Node"),
        pytest.param("2030-01-02T05:04:05.678+02:00", id="another offset"),
    ],
)
def test_a_lifetime_after_the_file_is_accepted(shared_user: User, ttl: str) -> None:
    record = upload(shared_user, data_ttl=ttl)

    assert record["expiration_date"] == "2030-01-02T03:04:05.678Z"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        pytest.param("filename*=utf-8''na%C3%AFve%20%E2%82%AC.mp4", "naïve €.mp4", id="old urllib3"),
        pytest.param('filename="naïve €.mp4"', "naïve €.mp4", id="new urllib3, raw UTF-8"),
        pytest.param('filename="say %22hi%22.mp4"', 'say "hi".mp4', id="new urllib3, quotes"),
        pytest.param('filename="folder/below/video.mp4"', "video.mp4", id="folders"),
    ],
)
def test_every_encoding_of_a_file_name_is_read(shared_user: User, disposition: str, name: str) -> None:
    part = (f'Content-Disposition: form-data; name="file"; {disposition}\r\nContent-Type: video/mp4', b"content")

    record = post_multipart(shared_user, "data", part)["data"]

    assert details(shared_user, record["id"])["name"] == name


def test_an_empty_file_is_accepted(shared_user: User) -> None:
    record = upload(shared_user, "empty.mp4", b"")

    downloaded = requests.get(f"{shared_user.v1}/data/{record['id']}/download", headers=shared_user.headers)

    assert record["size"] == 0
    assert (downloaded.status_code, downloaded.content) == (200, b"")


@pytest.mark.parametrize("spelling", [pytest.param("False", id="Python"), pytest.param("false", id="Node")])
def test_a_job_request_before_its_options_creates_a_job(shared_user: User, spelling: str) -> None:
    data_id = upload(shared_user)["id"]
    request = {"analytic": "voxel51/shot-detection", "inputs": {"video": {"data-id": data_id}}, "parameters": {}}
    body = json.dumps(request, indent=4).encode()

    answer = post_multipart(
        shared_user,
        "jobs",
        ('Content-Disposition: form-data; name="file"; filename="job.json"\r\nContent-Type: application/json', body),
        ('Content-Disposition: form-data; name="job_name"', b"a job"),
        ('Content-Disposition: form-data; name="auto_start"', spelling.encode()),
        ('Content-Disposition: form-data; name="job_ttl"', b"2030-01-01T00:00:00"),
    )

    job = requests.get(f"{shared_user.v1}/jobs/{answer['job']['id']}", headers=shared_user.headers).json()["job"]
    assert (job["name"], job["state"], job["auto_start"], job["archived"]) == ("a job", "READY", False, False)
    assert job["expiration_date"] == "2030-01-01T00:00:00.000Z"
    assert job["compute_mode"] == "BEST"


def test_options_before_the_file_are_accepted(shared_user: User) -> None:
    record = post_multipart(
        shared_user,
        "data",
        ('Content-Disposition: form-data; name="data_ttl"', b"2031-01-01"),
        ('Content-Disposition: form-data; name="file"; filename="late.mp4"', b"content"),
    )["data"]

    assert (record["name"], record["expiration_date"]) == ("late.mp4", "2031-01-01T00:00:00.000Z")


def test_a_job_request_is_returned_with_its_data_ids(shared_user: User) -> None:
    data_id = upload(shared_user)["id"]
    request = {"analytic": "voxel51/shot-detection", "inputs": {"video": {"data-id": data_id}}, "parameters": {}}
    files = {"file": ("job.json", json.dumps(request), "application/json")}
    form = {"job_name": "read back", "auto_start": "False"}
    job = requests.post(f"{shared_user.v1}/jobs", headers=shared_user.headers, files=files, data=form).json()["job"]

    read = requests.get(f"{shared_user.v1}/jobs/{job['id']}/request", headers=shared_user.headers).json()

    assert {key: read[key] for key in request} == request


def test_days_in_a_form_change_the_expiration_date(shared_user: User) -> None:
    record = upload(shared_user, data_ttl="2030-01-10T00:00:00Z")

    answer = requests.put(
        f"{shared_user.v1}/data/{record['id']}/ttl", headers=shared_user.headers, data={"days": "-1.5"}
    )

    assert answer.status_code == 204
    moved = expiry(details(shared_user, record["id"]))
    assert moved == datetime(2030, 1, 10, tzinfo=UTC) - timedelta(days=1.5)


def test_a_date_in_a_form_replaces_the_expiration_date(shared_user: User) -> None:
    record = upload(shared_user)

    answer = requests.put(
        f"{shared_user.v1}/data/{record['id']}/ttl",
        headers=shared_user.headers,
        data={"expiration_date": "2030-01-01T00:00:00+02:00"},
    )

    assert answer.status_code == 204
    assert details(shared_user, record["id"])["expiration_date"] == "2029-12-31T22:00:00.000Z"


@pytest.mark.parametrize("form", [{}, {"days": "1", "expiration_date": "2030-01-01"}], ids=["neither", "both"])
def test_a_lifetime_requires_exactly_one_of_days_and_date(shared_user: User, form: dict[str, str]) -> None:
    record = upload(shared_user)

    answer = requests.put(f"{shared_user.v1}/data/{record['id']}/ttl", headers=shared_user.headers, data=form)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 400


def test_data_whose_lifetime_has_passed_is_not_found(shared_user: User) -> None:
    record = upload(shared_user)

    requests.put(f"{shared_user.v1}/data/{record['id']}/ttl", headers=shared_user.headers, data={"days": "-100000"})

    gone = requests.get(f"{shared_user.v1}/data/{record['id']}", headers=shared_user.headers)
    assert gone.status_code == 404


def test_an_empty_put_starts_a_job(shared_user: User) -> None:
    data_id = upload(shared_user)["id"]
    request = {"analytic": "voxel51/shot-detection", "inputs": {"video": {"data-id": data_id}}, "parameters": {}}
    files = {"file": ("job.json", json.dumps(request), "application/json")}
    form = {"job_name": "a job to start", "auto_start": "False"}
    job = requests.post(f"{shared_user.v1}/jobs", headers=shared_user.headers, files=files, data=form).json()["job"]

    answer = requests.put(f"{shared_user.v1}/jobs/{job['id']}/start", headers=shared_user.headers)

    assert answer.request.headers["Content-Length"] == "0"
    assert answer.status_code == 204
    started = requests.get(f"{shared_user.v1}/jobs/{job['id']}", headers=shared_user.headers).json()["job"]
    assert started["state"] != "READY"


def test_data_is_deleted_by_a_delete_without_body(shared_user: User) -> None:
    record = upload(shared_user)

    answer = send("DELETE", f"{shared_user.v1}/data/{record['id']}", {"authorization": f"Bearer {shared_user.key}"})

    assert (answer.status, answer.body) == (204, b"")
    assert requests.get(f"{shared_user.v1}/data/{record['id']}", headers=shared_user.headers).status_code == 404


def test_an_upload_that_expects_100_continue_receives_it(shared_user: User) -> None:
    body = multipart(('Content-Disposition: form-data; name="file"; filename="asked.mp4"', b"content"))
    head = (
        f"POST /v1/data HTTP/1.1\r\nHost: platform\r\nAuthorization: Bearer {shared_user.key}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with connect(shared_user.v1) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")

        connection.sendall(body)
        answer = read_answer(connection, "POST")

    assert answer.status == 201
    assert answer.json()["data"]["name"] == "asked.mp4"


def test_responses_are_not_compressed_unless_requested(shared_user: User) -> None:
    answer = send("GET", f"{shared_user.v1}/analytics/list", {"authorization": f"Bearer {shared_user.key}"})

    assert "content-encoding" not in answer.headers
    assert answer.json()["analytics"]


def test_a_download_url_works_without_credentials_and_for_reading_only(shared_user: User) -> None:
    record = upload(shared_user, "linked.mp4", b"0123456789")
    url = requests.get(f"{shared_user.v1}/data/{record['id']}/download-url", headers=shared_user.headers).json()["url"]

    assert requests.get(url).content == b"0123456789"
    assert requests.get(url, headers={"Range": "bytes=2-4"}).content == b"234"
    head = send("HEAD", url, {})
    assert (head.status, head.headers["content-length"]) == (200, "10")
    assert 'filename="linked.mp4"' in head.headers["content-disposition"]
    assert send("PUT", url, {}, b"altered").status in {403, 405}
    assert requests.get(url.replace("signature=", "signature=0")).status_code == 403
