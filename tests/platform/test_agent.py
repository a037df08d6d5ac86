import time

import pytest

from samples.platform import JobPlatform
from support.loopback_server import Loopback, Reply
from support.waiting import DEADLINE_SLACK_SECONDS
from voxel51.platform.agent import Agent, FileUnavailable, is_rejection
from voxel51.transport.errors import APIError, ConnectionFailed
from voxel51.transport.messages import StreamedBody
from voxel51.transport.sender import JOB_HEADERS, HttpSender
from voxel51.wire.tasks import INLINE_BYTES

LARGE = StreamedBody(lambda: (b"x" * INLINE_BYTES, b"y"), INLINE_BYTES + 1)


@pytest.fixture
def platform():
    platform = JobPlatform()
    yield platform
    platform.close()


@pytest.fixture
def sender():
    sender = HttpSender(headers=JOB_HEADERS)
    yield sender
    sender.close()


def test_an_absent_platform_is_given_up_at_the_time_limit(sender, platform):
    agent = Agent(sender, platform.environment, retry_seconds=0.3)
    platform.close()

    begun = time.monotonic()
    with pytest.raises(ConnectionFailed):
        agent.begin()

    assert time.monotonic() - begun < DEADLINE_SLACK_SECONDS


def test_the_last_response_is_reported_at_the_time_limit(sender, platform):
    agent = Agent(sender, platform.environment, retry_seconds=0.2)
    platform.refusals["POST", "/v1/jobs/job1/begin"] = [503] * 100

    with pytest.raises(APIError, match="503: refused by the test"):
        agent.begin()


def test_a_status_is_sent_once(sender, platform):
    agent = Agent(sender, platform.environment)
    agent.begin()
    platform.refusals["PUT", "/signed/status"] = [503, 200]

    with pytest.raises(APIError, match="503"):
        agent.put_status(b"{}")

    assert platform.requests.count(("PUT", "/signed/status")) == 1


@pytest.mark.parametrize("status", [400, 413, 507])
def test_a_rejected_request_is_not_repeated(sender, platform, status):
    agent = Agent(sender, platform.environment)
    platform.refusals["POST", "/v1/jobs/job1/begin"] = [status, 200]

    with pytest.raises(APIError, match=str(status)) as raised:
        agent.begin()

    assert is_rejection(raised.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_report_is_repeated_while_the_platform_is_away(sender, platform, status):
    platform.refusals["POST", "/v1/jobs/job1/begin"] = [status] * 3

    Agent(sender, platform.environment).begin()

    assert platform.states == [{"state": "RUNNING"}]


def test_a_full_disk_is_waited_for(sender, platform, host):
    host.reply(Reply(507, b"full", headers={"Retry-After": "0"}), Reply(201))
    platform.task["output"] = {"signed-url": host.url}
    agent = Agent(sender, platform.environment)
    agent.begin()

    agent.finish({"output": LARGE})

    assert [request.method for request in host.requests] == ["PUT", "PUT"]


def test_small_files_are_part_of_the_last_report_and_large_ones_are_uploaded_before_it(sender, platform):
    agent = Agent(sender, platform.environment)
    agent.begin()

    agent.finish({"output": LARGE, "status": StreamedBody(lambda: (b"{", b"}"), 2)}, failure_type="ANALYTIC")

    assert platform.requests[1:] == [("PUT", "/signed/output"), ("POST", "/v1/jobs/job1/finish")]
    assert platform.stored == {"output": [b"".join(LARGE.chunks())], "status": [b"{}"]}
    assert platform.states[-1] == {"state": "FAILED", "failure_type": "ANALYTIC"}


def test_a_stale_link_is_replaced_by_a_fresh_one(sender, platform):
    agent = Agent(sender, platform.environment)
    agent.begin()
    platform.refusals["PUT", "/signed/output"] = [403]

    agent.finish({"output": LARGE})

    assert ("PUT", "/signed/output-fresh") in platform.requests


def test_a_file_that_its_host_rejects_is_not_requested_again(sender, platform, tmp_path):
    agent = Agent(sender, platform.environment)
    platform.refusals["GET", "/files/v"] = [424, 200]

    with pytest.raises(FileUnavailable, match="the file of 'video' cannot be downloaded: refused by the test"):
        agent.download("video", {"signed-url": f"{platform.url}/files/v"}, tmp_path)

    assert platform.requests == [("GET", "/files/v")]


def test_an_absent_host_is_retried(sender, platform, tmp_path):
    platform.files["files/v"] = (b"a video", None)
    platform.refusals["GET", "/files/v"] = [502, 502]
    link = {"signed-url": f"{platform.url}/files/v"}

    assert Agent(sender, platform.environment).download("video", link, tmp_path).read_bytes() == b"a video"

    platform.refusals["GET", "/files/v"] = [502] * 100
    with pytest.raises(FileUnavailable, match="the file of 'video' cannot be downloaded"):
        Agent(sender, platform.environment, retry_seconds=0.2).download("video", link, tmp_path)


@pytest.fixture
def host():
    host = Loopback()
    yield host
    host.close()


def test_an_error_of_a_proxy_is_not_attributed_to_the_file(sender, platform, tmp_path, host):
    host.reply(Reply(502, b"Bad Gateway"))

    with pytest.raises(APIError, match="502"):
        Agent(sender, platform.environment, retry_seconds=0.2).download("video", {"signed-url": host.url}, tmp_path)


def test_a_cut_download_is_retried_and_given_up_if_always_cut(sender, platform, tmp_path, host):
    host.reply(Reply(body=b"x" * 1000, cut_after=10), Reply(body=b"x" * 1000))
    agent = Agent(sender, platform.environment, retry_seconds=0.3)

    assert agent.download("video", {"signed-url": f"{host.url}/v"}, tmp_path).stat().st_size == 1000

    host.reply(Reply(body=b"x" * 1000, cut_after=10))
    with pytest.raises(FileUnavailable, match="the file of 'video' breaks off each time"):
        agent.download("video", {"signed-url": f"{host.url}/v"}, tmp_path)
