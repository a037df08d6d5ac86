"""Requests of our client, compared with those of the newest client of 2020."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from support.loopback_server import Loopback, Reply
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest
from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery

EVERYTHING = {
    "analytics": [{"id": "a1", "name": "n", "version": "1"}],
    "analytic": {"id": "a1"},
    "data": {"id": "d1", "name": "v.mp4"},
    "jobs": [],
    "job": {"id": "j1", "state": "COMPLETE", "expired": False, "output_filename": "labels.json"},
    "responses": {},
    "statuses": {},
    "url": "http://signed",
}


@pytest.fixture
def api(loopback: Loopback) -> API:
    loopback.reply_json(EVERYTHING)
    return API(Token.from_private_key("key", loopback.url))


ANALYTICS_QUERY = (
    AnalyticsQuery()
    .add_fields(["id", "name"])
    .add_search("name", "a b")
    .add_search_or("scope", ["public", "user"])
    .sort_by("upload_date")
    .set_limit(5)
    .set_all_versions(True)
)
ANALYTICS_QUERY_TEXT = (
    '{"fields": "id,name", "search": "name:a b,scope:public|user", "sort": "upload_date:desc", "limit": 5, '
    '"all_versions": true}'
)
JOBS_QUERY = JobsQuery().add_fields(["id", "name"]).add_search("archived", False).add_search_direct("zz")
FILE_ELSEWHERE = '{"signed_url": "http://x/v", "filename": "v.mp4", "mimetype": "video/mp4", "size": 5'
AHEAD = datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=2)))

BARE: dict[str, tuple[Callable[[API], Any], str]] = {
    "get_analytic_details": (lambda api: api.get_analytic_details("a1"), "GET /v1/analytics/a1"),
    "get_analytic_doc": (lambda api: api.get_analytic_doc("a1"), "GET /v1/analytics/a1/doc"),
    "delete_analytic": (lambda api: api.delete_analytic("a1"), "DELETE /v1/analytics/a1"),
    "list_data": (lambda api: api.list_data(), "GET /v1/data/list"),
    "get_data_details": (lambda api: api.get_data_details("d1"), "GET /v1/data/d1"),
    "get_data_download_url": (lambda api: api.get_data_download_url("d1"), "GET /v1/data/d1/download-url"),
    "delete_data": (lambda api: api.delete_data("d1"), "DELETE /v1/data/d1"),
    "list_jobs": (lambda api: api.list_jobs(), "GET /v1/jobs/list"),
    "get_job_details": (lambda api: api.get_job_details("j1"), "GET /v1/jobs/j1"),
    "get_job_state": (lambda api: api.get_job_state("j1"), "GET /v1/jobs/j1"),
    "is_job_complete": (lambda api: api.is_job_complete("j1"), "GET /v1/jobs/j1"),
    "is_job_expired": (lambda api: api.is_job_expired("j1"), "GET /v1/jobs/j1"),
    "wait_until_job_completes": (lambda api: api.wait_until_job_completes("j1"), "GET /v1/jobs/j1"),
    "start_job": (lambda api: api.start_job("j1"), "PUT /v1/jobs/j1/start"),
    "archive_job": (lambda api: api.archive_job("j1"), "PUT /v1/jobs/j1/archive"),
    "unarchive_job": (lambda api: api.unarchive_job("j1"), "PUT /v1/jobs/j1/unarchive"),
    "kill_job": (lambda api: api.kill_job("j1"), "PUT /v1/jobs/j1/kill"),
    "delete_job": (lambda api: api.delete_job("j1"), "DELETE /v1/jobs/j1"),
    "get_job_status": (lambda api: api.get_job_status("j1"), "GET /v1/jobs/j1/status"),
    "download_job_logfile": (lambda api: api.download_job_logfile("j1"), "GET /v1/jobs/j1/log"),
    "get_job_output_download_url": (lambda api: api.get_job_output_download_url("j1"), "GET /v1/jobs/j1/output-url"),
    "get_job_logfile_download_url": (lambda api: api.get_job_logfile_download_url("j1"), "GET /v1/jobs/j1/log-url"),
    "get_platform_status": (lambda api: api.get_platform_status(), "GET /v1/status/all"),
}


@pytest.mark.parametrize(("call", "expected"), BARE.values(), ids=BARE)
def test_calls_without_a_body(api: API, loopback: Loopback, call: Callable[[API], Any], expected: str) -> None:
    call(api)

    assert f"{loopback.last.method} {loopback.last.path}" == expected
    assert loopback.last.headers["authorization"] == "Bearer key"
    assert loopback.last.size_bytes == 0
    assert "content-type" not in loopback.last.headers
    assert loopback.last.headers.get("content-length") == (None if expected.startswith("GET") else "0")


JSON_BODIES: dict[str, tuple[Callable[[API], Any], str, str]] = {
    "list_analytics": (lambda api: api.list_analytics(), "GET /v1/analytics/list", '{"all_versions": false}'),
    "all versions": (lambda api: api.list_analytics(True), "GET /v1/analytics/list", '{"all_versions": true}'),
    "query_analytics": (
        lambda api: api.query_analytics(ANALYTICS_QUERY),
        "GET /v1/analytics",
        ANALYTICS_QUERY_TEXT,
    ),
    "query_jobs": (
        lambda api: api.query_jobs(JOBS_QUERY),
        "GET /v1/jobs",
        '{"fields": "id,name", "search": "archived:False,zz"}',
    ),
    "empty query": (lambda api: api.query_jobs(JobsQuery()), "GET /v1/jobs", "{}"),
    "query_data": (lambda api: api.query_data(DataQuery().set_offset(3)), "GET /v1/data", '{"offset": 3}'),
    "batch ttl by days": (
        lambda api: api.batch_update_data_ttl(["d1"], days=2.0),
        "POST /v1/data/batch",
        '{"days": "2.0", "action": "ttl", "ids": ["d1"]}',
    ),
    "batch ttl by date": (
        lambda api: api.batch_update_jobs_ttl(["j1"], expiration_date="2030-01-01"),
        "POST /v1/jobs/batch",
        '{"expiration_date": "2030-01-01", "action": "ttl", "ids": ["j1"]}',
    ),
    **{
        method: (
            lambda api, method=method: getattr(api, method)(iter(["x", "y"])),
            f"POST /v1/{noun}/batch",
            f'{{"action": "{action}", "ids": ["x", "y"]}}',
        )
        for method, noun, action in [
            ("batch_get_analytic_details", "analytics", "details"),
            ("batch_get_data_details", "data", "details"),
            ("batch_delete_data", "data", "delete"),
            ("batch_get_job_details", "jobs", "details"),
            ("batch_start_jobs", "jobs", "start"),
            ("batch_archive_jobs", "jobs", "archive"),
            ("batch_unarchive_jobs", "jobs", "unarchive"),
            ("batch_delete_jobs", "jobs", "delete"),
            ("batch_kill_jobs", "jobs", "kill"),
        ]
    },
    "post_data_as_url": (
        lambda api: api.post_data_as_url("http://x/v", "v.mp4", "video/mp4", 5, AHEAD, "7bit"),
        "POST /v1/data/url",
        FILE_ELSEWHERE + ', "data_ttl": "2030-01-01T00:00:00+02:00", "encoding": "7bit"}',
    ),
    "post_data_as_url of 2019": (
        lambda api: api.post_data_as_url("http://x/v", "v.mp4", "video/mp4", 5, "7bit", "2030-01-01"),
        "POST /v1/data/url",
        FILE_ELSEWHERE + ', "data_ttl": "2030-01-01", "encoding": "7bit"}',
    ),
    "post_data_as_url of 2019 by name": (
        lambda api: api.post_data_as_url("http://x/v", "v.mp4", "video/mp4", 5, encoding="7bit", ttl="2030-01-01"),
        "POST /v1/data/url",
        FILE_ELSEWHERE + ', "data_ttl": "2030-01-01", "encoding": "7bit"}',
    ),
    "post_data_as_url without a date": (
        lambda api: api.post_data_as_url("http://x/v", "v.mp4", "video/mp4", 5),
        "POST /v1/data/url",
        FILE_ELSEWHERE + "}",
    ),
}


@pytest.mark.parametrize(("call", "expected", "body"), JSON_BODIES.values(), ids=JSON_BODIES)
def test_calls_with_a_json_body(
    api: API, loopback: Loopback, call: Callable[[API], Any], expected: str, body: str
) -> None:
    call(api)

    assert f"{loopback.last.method} {loopback.last.path}" == expected
    assert loopback.last.body.decode() == body
    assert loopback.last.headers["content-type"] == "application/json"
    assert loopback.last.headers["content-length"] == str(len(body))


@pytest.mark.parametrize(("noun", "change"), [("data", API.update_data_ttl), ("jobs", API.update_job_ttl)])
@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ({"days": -1.5}, "days=-1.5"),
        ({"days": 0}, "days=0"),
        ({"days": "2"}, "days=2"),
        ({"expiration_date": AHEAD}, "expiration_date=2030-01-01T00%3A00%3A00%2B02%3A00"),
        ({"expiration_date": "2030-01-01"}, "expiration_date=2030-01-01"),
    ],
)
def test_lifetimes_are_sent_as_forms(
    api: API, loopback: Loopback, noun: str, change: Callable[..., None], arguments: dict[str, Any], body: str
) -> None:
    change(api, "x1", **arguments)

    assert (loopback.last.method, loopback.last.path) == ("PUT", f"/v1/{noun}/x1/ttl")
    assert loopback.last.body.decode() == body
    assert loopback.last.headers["content-type"] == "application/x-www-form-urlencoded"


def parts_of(loopback: Loopback) -> list[tuple[str, str]]:
    """Return heading and content of every part of the last received form."""
    content_type = loopback.last.headers["content-type"]
    boundary = content_type.removeprefix("multipart/form-data; boundary=")
    assert boundary != content_type
    assert loopback.last.headers["content-length"] == str(loopback.last.size_bytes)
    first, *parts, last = loopback.last.body.decode().split(f"--{boundary}")
    assert (first, last) == ("", "--\r\n")
    pairs = [part.removeprefix("\r\n").removesuffix("\r\n").partition("\r\n\r\n") for part in parts]
    return [(heading, content) for heading, _, content in pairs]


def option(name: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"'


def file(filename: str, content_type: str) -> str:
    return f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: {content_type}'


def test_a_job_request_comes_before_its_options(api: API, loopback: Loopback) -> None:
    request = JobRequest("voxel51/shot-detection")
    request.set_input("video", data_id="d1")

    api.upload_job_request(request, "my job", ttl=datetime(2030, 1, 1))  # noqa: DTZ001  (old scripts send such dates)

    assert (loopback.last.method, loopback.last.path) == ("POST", "/v1/jobs")
    assert parts_of(loopback) == [
        (file("job.json", "application/json"), json.dumps(request.to_dict(), indent=4)),
        (option("job_name"), "my job"),
        (option("auto_start"), "False"),
        (option("job_ttl"), "2030-01-01T00:00:00"),
    ]


def test_a_job_can_be_started_at_once(api: API, loopback: Loopback) -> None:
    api.upload_job_request(JobRequest("a/b"), "my job", auto_start=True)

    assert [heading for heading, _ in parts_of(loopback)][1:] == [option("job_name"), option("auto_start")]
    assert parts_of(loopback)[2][1] == "True"


def test_data_come_before_their_lifetime(api: API, loopback: Loopback, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_text("video")

    api.upload_data(tmp_path / "v.mp4", ttl=datetime(2030, 1, 2, 3, 4, 5, 678901))  # noqa: DTZ001  (as above)

    assert (loopback.last.method, loopback.last.path) == ("POST", "/v1/data")
    assert parts_of(loopback) == [
        (file("v.mp4", "video/mp4"), "video"),
        (option("data_ttl"), "2030-01-02T03:04:05.678901"),
    ]


def test_an_empty_file_can_be_uploaded(api: API, loopback: Loopback, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    api.upload_data(str(tmp_path / "empty"))

    assert parts_of(loopback) == [(file("empty", "application/octet-stream"), "")]


def test_an_analytic_is_sent_as_document_and_type(api: API, loopback: Loopback, tmp_path: Path) -> None:
    (tmp_path / "analytic.json").write_text("{}")

    api.upload_analytic(tmp_path / "analytic.json", analytic_type="IMAGE_TO_VIDEO")

    assert (loopback.last.method, loopback.last.path) == ("POST", "/v1/analytics")
    assert parts_of(loopback) == [
        (file("analytic.json", "application/json"), "{}"),
        (option("analytic_type"), "IMAGE_TO_VIDEO"),
    ]


def test_the_type_of_an_image_is_in_the_path(api: API, loopback: Loopback, tmp_path: Path) -> None:
    (tmp_path / "image.tar.gz").write_text("tar")

    api.upload_analytic_image("a1", tmp_path / "image.tar.gz", "gpu")

    assert (loopback.last.method, loopback.last.path) == ("POST", "/v1/analytics/a1/images?type=gpu")
    assert parts_of(loopback) == [(file("image.tar.gz", "application/x-tar"), "tar")]


def test_a_job_request_is_read_back(api: API, loopback: Loopback) -> None:
    document = {"analytic": "a/b", "inputs": {"video": {"data-id": "d1"}}, "parameters": {}}
    loopback.reply_json(document)

    assert api.get_job_request("j1").to_dict() == document
    assert (loopback.last.method, loopback.last.path) == ("GET", "/v1/jobs/j1/request")


def test_downloads_request_the_name_and_then_the_content(
    api: API, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loopback.reply(Reply.of(EVERYTHING), Reply(body=b"x"), Reply.of(EVERYTHING), Reply(body=b"y"))

    assert (api.download_data("d1"), api.download_job_output("j1")) == ("v.mp4", "labels.json")
    assert [request.path for request in loopback.requests] == [
        "/v1/data/d1",
        "/v1/data/d1/download",
        "/v1/jobs/j1",
        "/v1/jobs/j1/output",
    ]
