import json
from pathlib import Path

import pytest

from voxel51.users.jobs import (
    JobComputeMode,
    JobExecutionError,
    JobRequest,
    JobState,
    RemoteDataPath,
    RemoteDataPathError,
    require_not_failed,
)

DOCUMENT = {
    "analytic": "voxel51/object-tracks",
    "version": "0.1",
    "compute_mode": "CPU",
    "inputs": {"video": {"data-id": "d1"}},
    "parameters": {"threshold": 0.5, "mask": {"data-id": "d2"}, "box": {"left": 1}},
}


def full_request() -> JobRequest:
    request = JobRequest("voxel51/object-tracks", version="0.1", compute_mode=JobComputeMode.CPU)
    request.set_input("video", data_id="d1")
    request.set_parameter("threshold", 0.5)
    request.set_data_parameter("mask", data_id="d2")
    request.set_parameter("box", {"left": 1})
    return request


def test_a_request_prints_as_the_json_that_is_sent() -> None:
    assert str(full_request()) == json.dumps(DOCUMENT, indent=4)


def test_options_that_are_not_set_are_left_out() -> None:
    assert JobRequest("a/b").to_dict() == {"analytic": "a/b", "inputs": {}, "parameters": {}}


def test_a_request_survives_a_round_trip(tmp_path: Path) -> None:
    full_request().to_json(tmp_path / "folder" / "request.json")

    request = JobRequest.from_json(tmp_path / "folder" / "request.json")

    assert request.to_dict() == DOCUMENT
    assert request.inputs["video"].data_id == "d1"
    assert isinstance(request.parameters["mask"], RemoteDataPath)
    assert request.parameters["box"] == {"left": 1}


def test_missing_sections_read_as_empty() -> None:
    assert JobRequest.from_dict({"analytic": "a/b"}).to_dict() == JobRequest("a/b").to_dict()


def test_an_input_can_be_a_remote_data_path() -> None:
    request = JobRequest("a/b")
    request.set_input("video", RemoteDataPath.from_data_id("d1"))

    assert request.to_dict()["inputs"] == {"video": {"data-id": "d1"}}


def test_an_input_can_be_the_output_of_a_job() -> None:
    request = JobRequest("a/b")
    request.set_input("labels", job_id="j1")

    again = JobRequest.from_dict(request.to_dict())
    assert again.to_dict()["inputs"] == {"labels": {"job-id": "j1"}}
    assert (again.inputs["labels"].job_id, again.inputs["labels"].has_data_id) == ("j1", False)


@pytest.mark.parametrize("value", [{}, {"data-id": "d1", "job-id": "j1"}, {"signed-url": "x"}, "d1", None])
def test_an_input_that_is_not_a_reference_is_rejected(value: object) -> None:
    with pytest.raises(RemoteDataPathError, match="Invalid RemoteDataPath"):
        JobRequest.from_dict({"analytic": "a/b", "inputs": {"video": value}})


def test_an_input_without_data_is_rejected() -> None:
    with pytest.raises(RemoteDataPathError, match="Invalid RemoteDataPath"):
        JobRequest("a/b").set_input("video")


@pytest.mark.parametrize(
    ("value", "expected"), [({"data-id": "x"}, True), ({"data_id": "x"}, False), ("data-id", False), (None, False)]
)
def test_references_are_distinguished_from_other_values(value: object, expected: bool) -> None:
    assert RemoteDataPath.is_remote_path_dict(value) is expected


def test_the_error_of_a_failed_job_names_the_failure_type() -> None:
    with pytest.raises(JobExecutionError) as caught:
        require_not_failed({"id": "j1", "state": "FAILED", "failure_type": "USER"})

    assert str(caught.value) == "Job 'j1' failed"
    assert "USER" in caught.value.__notes__[0]


def test_states_compare_and_format_as_text() -> None:
    assert JobState.READY == "READY"
    assert f"{JobState.READY}" == "%s" % JobState.READY == "READY"  # noqa: UP031  (how old scripts format)
