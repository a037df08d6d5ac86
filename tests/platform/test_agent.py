import time

import pytest

from samples.platform import JobPlatform
from voxel51.platform.agent import Agent
from voxel51.transport.errors import APIError, ConnectionFailed
from voxel51.transport.plain import PlainSender
from voxel51.wire.tasks import TaskState


@pytest.fixture
def platform():
    platform = JobPlatform()
    yield platform
    platform.close()


@pytest.fixture
def sender():
    sender = PlainSender()
    yield sender
    sender.close()


def test_a_platform_that_does_not_come_back_is_given_up_in_time(sender, platform):
    agent = Agent(sender, platform.environment, patience_seconds=0.3)
    platform.close()

    begun = time.monotonic()
    with pytest.raises(ConnectionFailed):
        agent.report_state(TaskState.RUNNING)

    assert time.monotonic() - begun < 5


def test_what_the_platform_says_last_stands_when_patience_ends(sender, platform):
    agent = Agent(sender, platform.environment, patience_seconds=0.2)
    platform.refusals["PUT", "/v1/jobs/job1/state"] = [503] * 100

    with pytest.raises(APIError, match="503: refused by the test"):
        agent.report_state(TaskState.RUNNING)


def test_an_impatient_status_is_tried_once(sender, platform):
    agent = Agent(sender, platform.environment)
    agent.task()
    platform.refusals["PUT", "/signed/status"] = [503, 200]

    with pytest.raises(APIError, match="503"):
        agent.put_status(b"{}", patient=False)

    assert platform.requests.count(("PUT", "/signed/status")) == 1


def test_a_wrong_request_is_not_repeated(sender, platform):
    agent = Agent(sender, platform.environment)
    platform.refusals["PUT", "/v1/jobs/job1/state"] = [400, 200]

    with pytest.raises(APIError, match="400"):
        agent.report_state(TaskState.RUNNING)
