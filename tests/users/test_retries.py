"""Retries with idempotency keys: the platform recognises a repeated POST."""

from pathlib import Path
from uuid import UUID

import pytest

from support.accounts import User
from support.loopback_server import Loopback, Reply
from support.platforms import NO_OP
from voxel51.transport.cancellation import Cancellation
from voxel51.transport.messages import BufferedResponse, Request
from voxel51.transport.retrying import RetryingSender
from voxel51.transport.sender import HttpSender
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.calls import jobs
from voxel51.users.jobs import JobRequest

KEY = "idempotency-key"


class LosesFirstResponse(HttpSender):
    """Sends for real, and behaves as if the connection had closed before the first answer arrived."""

    lost = 0

    def fetch(self, request: Request, cancellation: Cancellation | None = None) -> BufferedResponse:
        answer = super().fetch(request, cancellation)
        if request.method == "POST" and not self.lost:
            self.lost += 1
            return BufferedResponse(503, "lost", answer.url, {}, b"")
        return answer


def test_a_post_is_retried_with_the_same_key(api: API, loopback: Loopback) -> None:
    loopback.reply(Reply.error(503, "restarting"), Reply(hang_up=True), Reply.of({"job": {"id": "j1"}}))

    assert api.upload_job_request(JobRequest("a/b"), "a job") == {"id": "j1"}

    keys = [request.headers[KEY] for request in loopback.requests]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert UUID(keys[0]).version == 4
    assert len({request.body for request in loopback.requests}) == 1


def test_each_call_has_its_own_key(api: API, loopback: Loopback) -> None:
    loopback.reply_json({"responses": {}})

    api.batch_delete_data(["d1"])
    api.batch_delete_data(["d1"])

    first, second = (request.headers[KEY] for request in loopback.requests)
    assert first != second


def test_a_large_upload_is_sent_again_from_its_start(api: API, loopback: Loopback, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(bytes(3_000_000))
    loopback.reply(Reply.error(503, "restarting"), Reply.of({"data": {"id": "d1"}}))

    assert api.upload_data(path) == {"id": "d1"}

    assert loopback.requests[0].sha256 == loopback.requests[1].sha256
    assert loopback.requests[0].headers[KEY] == loopback.requests[1].headers[KEY]


@pytest.mark.parametrize("act", ["start_job", "get_job_details", "delete_job"])
def test_requests_other_than_post_have_no_key(api: API, loopback: Loopback, act: str) -> None:
    loopback.reply_json({"job": {"id": "j1"}})

    getattr(api, act)("j1")

    assert KEY not in loopback.last.headers


def test_the_platform_does_not_repeat_a_request_whose_response_was_lost(shared_user: User, tmp_path: Path) -> None:
    token = Token.from_json(shared_user.token)
    path = tmp_path / "only-once.txt"
    path.write_bytes(b"content")
    sender = LosesFirstResponse()

    with API(token) as api:
        api._sender = RetryingSender(sender)
        data = api.upload_data(path)
        sender.lost = 0
        job = api._send(jobs.upload(JobRequest(NO_OP), "only once", False, None))

        assert sender.lost == 1
        assert [each["id"] for each in api.list_data() if each["name"] == path.name] == [data["id"]]
        assert [each["id"] for each in api.list_jobs() if each["name"] == "only once"] == [job["id"]]
