"""Failed renditions: the answer says what is wrong with the file, and blames the platform only for its own failures."""

from typing import Any, cast

import msgspec
import pytest

from voxel51.server.errors import BadRequest, Unavailable
from voxel51.server.renditions.service import _failure
from voxel51.server.renditions.specs import DATA_RENDITIONS
from voxel51.wire.jobs import JobFailureType, JobState

SPEC = next(iter(DATA_RENDITIONS.values()))


def failed(kind: JobFailureType, message: str) -> Any:
    status = msgspec.json.encode({"state": "FAILED", "messages": [{"message": message}]}).decode()
    return cast("Any", {"id": "j", "state": JobState.FAILED, "failure_type": kind, "status_text": status})


@pytest.mark.parametrize(
    ("kind", "message", "error", "said"),
    [
        (JobFailureType.USER, "'v.mp4' is empty (0 bytes)", BadRequest, "'v.mp4' is empty"),
        (
            JobFailureType.ANALYTIC,
            "The analytic failed: InvalidDataError: [Errno 1]",
            BadRequest,
            "cannot be processed",
        ),
        (JobFailureType.ANALYTIC, "The job ran longer than its limit of 60 s.", BadRequest, "longer than its limit"),
        (JobFailureType.PLATFORM, "The job was lost 5 times", Unavailable, "The job was lost 5 times"),
    ],
)
def test_only_failures_of_the_platform_are_answered_as_such(
    kind: JobFailureType, message: str, error: type[Exception], said: str
) -> None:
    answer = _failure(SPEC, failed(kind, message))

    assert type(answer) is error
    assert said in str(answer)
    assert "InvalidDataError" not in str(answer)
