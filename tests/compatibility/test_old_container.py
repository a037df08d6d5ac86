"""Requests of the old container SDK and its shell fallback during a job, sent beside the job's real process."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from support.accounts import User
from support.raw_http import connect, read_answer, send
from support.waiting import LIMIT_SECONDS

BODY = json.dumps({"state": "RUNNING", "messages": [], "inputs": {}, "posted_data": {}}, indent=4).encode()


@dataclass(frozen=True, slots=True)
class Container:
    """Running job as its container sees it: the five variables, and the owner for comparison."""

    owner: User
    job_id: str
    environment: dict[str, str]

    @property
    def agent(self) -> dict[str, str]:
        return {"X-Voxel51-Agent": self.environment["API_TOKEN"]}

    def url(self, path: str) -> str:
        return f"{self.environment['API_BASE_URL']}/jobs/{self.job_id}/{path}"

    def signed(self, what: str) -> str:
        answer = requests.get(self.url(f"url/{what}"), headers=self.agent)
        answer.raise_for_status()
        return str(answer.json()["signed-url"])

    def job(self) -> dict[str, Any]:
        return dict(requests.get(f"{self.owner.v1}/jobs/{self.job_id}", headers=self.owner.headers).json()["job"])


@pytest.fixture
def container(shared_user: User) -> Iterator[Container]:
    """A job that has reported its variables in its status and then waits; it is killed at the end."""
    files = {"file": ("in put.mp4", b"0123456789", "video/mp4")}
    data = requests.post(f"{shared_user.v1}/data", headers=shared_user.headers, files=files).json()["data"]
    request = {"analytic": "journeys/talkative", "inputs": {"video": {"data-id": data["id"]}}, "parameters": {}}
    parts = {"file": ("job.json", json.dumps(request), "application/json")}
    form = {"job_name": "container", "auto_start": "True"}
    answer = requests.post(f"{shared_user.v1}/jobs", headers=shared_user.headers, files=parts, data=form)
    job_id = answer.json()["job"]["id"]
    yield Container(shared_user, job_id, wait_for_variables(shared_user, job_id))
    requests.put(f"{shared_user.v1}/jobs/{job_id}/kill", headers=shared_user.headers)


def wait_for_variables(user: User, job_id: str) -> dict[str, str]:
    deadline = time.monotonic() + LIMIT_SECONDS
    while True:
        status = requests.get(f"{user.v1}/jobs/{job_id}/status", headers=user.headers).json()
        for line in status.get("messages", []):
            if "TASK_DESCRIPTION" in line["message"]:
                return dict(json.loads(line["message"]))
        assert time.monotonic() < deadline, status
        time.sleep(0.05)


def test_a_job_is_told_five_variables_and_a_task_with_all_its_keys(container: Container) -> None:
    task = requests.get(container.environment["TASK_DESCRIPTION"]).json()

    assert container.environment["JOB_ID"] == task["job_id"] == container.job_id
    assert container.environment["API_BASE_URL"].endswith("/v1")
    assert (task["analytic"], task["version"]) == ("journeys/talkative", "1.0.0")
    assert set(task["inputs"]) == {"video"}
    for key in ("status", "logfile", "output"):
        assert task[key]["signed-url"].startswith("http")


def test_an_input_link_answers_head_at_once_with_the_name_of_the_file(container: Container) -> None:
    links = requests.get(container.url("url/data"), headers=container.agent).json()
    url = links["video"]["signed-url"]

    head = requests.head(url, allow_redirects=False)

    assert head.status_code == 200
    assert head.headers["Content-Disposition"].split("filename=")[1].split(";")[0].strip('"') == "in put.mp4"
    assert requests.get(url, stream=True).content == b"0123456789"


def test_repeated_and_odd_states_change_nothing_that_has_been_reached(container: Container) -> None:
    for state in ("RUNNING", "SCHEDULED", "RUNNING"):
        assert requests.put(container.url("state"), headers=container.agent, json={"state": state}).status_code == 200

    job = container.job()
    assert (job["state"], job["start_date"] is not None) == ("RUNNING", True)
    unknown = requests.put(container.url("state"), headers=container.agent, json={"state": "PAUSED"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, 400)


def test_the_first_end_of_a_job_wins_and_its_last_reports_are_still_taken(container: Container) -> None:
    status, log = container.signed("status"), container.signed("log")
    failed = {"state": "FAILED", "failure_type": "USER"}

    ended = requests.put(container.url("state"), headers=container.agent, json=failed)
    late = requests.put(container.url("state"), headers=container.agent, json={"state": "COMPLETE"})

    assert (ended.status_code, late.status_code) == (200, 200)
    job = container.job()
    assert (job["state"], job["failure_type"]) == ("FAILED", "USER")
    assert requests.put(status, data=BODY).status_code == 201
    assert requests.put(log, data=b"the log\n").status_code == 201


def test_metadata_must_be_numbers(container: Container) -> None:
    good = {"frame_count": 250, "duration_seconds": 10.0, "size_bytes": 123}

    taken = requests.post(container.url("metadata"), headers=container.agent, json=good)
    refused = requests.post(container.url("metadata"), headers=container.agent, json={**good, "size_bytes": "big"})

    assert (taken.status_code, refused.status_code) == (204, 400)
    assert container.job()["frame_count"] == 250


def test_an_output_posted_as_data_becomes_data_of_the_owner(container: Container) -> None:
    posted = requests.post(container.url("data"), headers=container.agent, files={"file": ("made.json", b"{}")})

    assert posted.status_code == 200
    data_id = posted.json()["data"]["data_id"]
    url = f"{container.owner.v1}/data/{data_id}/download"
    assert requests.get(url, headers=container.owner.headers).content == b"{}"


def raw_put(url: str, headers: str, body: bytes) -> int:
    """Send a PUT with exactly these headers and Host, and return the status."""
    path = "/" + url.split("/", 3)[3]
    with connect(url) as connection:
        connection.sendall(f"PUT {path} HTTP/1.1\r\nHost: platform\r\n{headers}\r\n".encode() + body)
        return read_answer(connection, "PUT").status


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(f"Content-Length: {len(BODY)}\r\n", BODY, id="no content type"),
        pytest.param("Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), id="chunked"),
    ],
)
def test_a_signed_upload_accepts_every_form_of_body(container: Container, headers: str, body: bytes) -> None:
    assert raw_put(container.signed("status"), headers, body) == 201


def test_an_empty_chunked_log_is_accepted(container: Container) -> None:
    assert raw_put(container.signed("log"), "Transfer-Encoding: chunked\r\n", b"0\r\n\r\n") == 201


def test_the_shell_fallback_expects_100_continue(container: Container) -> None:
    url = container.environment["LOGFILE_SIGNED_URL"]
    path = "/" + url.split("/", 3)[3]
    with connect(url) as connection:
        head = f"PUT {path} HTTP/1.1\r\nHost: platform\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"log\n")
        assert read_answer(connection, "PUT").status == 201


def test_an_upload_may_be_repeated(container: Container) -> None:
    url = container.signed("output")

    assert [requests.put(url, data=b"{}").status_code for _ in range(3)] == [201, 201, 201]


def test_the_credential_of_a_job_is_rejected_for_another_job(container: Container) -> None:
    other = f"{container.environment['API_BASE_URL']}/jobs/00000000-0000-0000-0000-000000000000/state"

    refused = requests.put(other, headers=container.agent, json={"state": "COMPLETE"})
    unknown = requests.put(container.url("state"), headers={"X-Voxel51-Agent": "wrong"}, json={"state": "COMPLETE"})

    assert refused.status_code == 403
    assert unknown.status_code == 401
    assert container.job()["state"] == "RUNNING"


def test_a_signed_url_is_valid_for_its_method_and_path_only(container: Container) -> None:
    status = container.signed("status")

    assert send("GET", status, {}).status in {403, 404, 405}
    assert send("PUT", status.replace("/status", "/output"), {}, b"{}").status == 403
