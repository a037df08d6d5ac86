"""The child of one job against a real loopback server that speaks the container contract."""

import io
import json
import os
import subprocess
import sys
import zipfile
from functools import partial

import pytest

from samples.analytics import NO_OP
from samples.installed import install
from samples.platform import JobPlatform
from voxel51.platform import run
from voxel51.platform.agent import Agent
from voxel51.wire.tasks import TaskExit


@pytest.fixture
def platform():
    platform = JobPlatform()
    yield platform
    platform.close()


@pytest.fixture
def child(tmp_path):
    module_folders = os.pathsep.join(map(str, install(tmp_path / "dist", broken=True)))

    def start(name, platform):
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": module_folders,
            "TMPDIR": str(tmp_path),
            **platform.environment,
        }
        command = [sys.executable, "-P", "-m", "voxel51.platform.run", f"samples/{name}"]
        return subprocess.Popen(command, env=environment)

    return lambda name, platform: start(name, platform).wait(60)


BEGIN, FINISH = ("POST", "/v1/jobs/job1/begin"), ("POST", "/v1/jobs/job1/finish")


def test_a_job_takes_two_requests_on_one_connection_and_reports_complete_with_its_files(child, platform):
    assert child("no-op", platform) == TaskExit.COMPLETE

    assert platform.requests == [BEGIN, FINISH]
    assert platform.states == [{"state": "RUNNING"}, {"state": "COMPLETE"}]
    assert platform.stored["output"] == [b"{}"]
    assert platform.status["state"] == "COMPLETE"
    assert platform.connections == 1


def test_inputs_arrive_under_their_owners_names_and_data_parameters_as_files(child):
    platform = JobPlatform(inputs={"video": "files/input"}, parameters={"factor": 5})
    platform.task["parameters"]["weights_file"] = {"signed-url": f"{platform.url}/files/weights.bin"}
    platform.files["files/input"] = (b"a video", 'attachment; filename="../../my video.mp4"')
    platform.files["files/weights.bin"] = (b"weights", None)

    assert child("echo", platform) == TaskExit.COMPLETE

    assert json.loads(platform.stored["output"][-1]) == {
        "inputs": {"video": ["my video.mp4", "a video"]},
        "parameters": {"factor": 5, "weights_file": "weights"},
    }
    platform.close()


def test_the_status_has_the_reports_of_the_analytic(child):
    platform = JobPlatform(inputs={"video": "files/v.mp4"})
    platform.files["files/v.mp4"] = (b"a video", None)

    child("echo", platform)

    status = platform.status
    assert status["state"] == "COMPLETE"
    assert status["complete_time"] >= status["start_time"]
    assert [line["message"] for line in status["messages"]] == ["Task started", "echoing", "Task complete"]
    assert status["warnings"] == ["an echo is not an analysis"]
    assert status["inputs"] == {"video": {"frame_size": [4, 2]}}
    assert platform.amounts == [{"frame_count": 3, "duration_seconds": 0.25, "size_bytes": 5}]
    assert "printed by the analytic" in platform.log
    platform.close()


@pytest.mark.parametrize(
    ("name", "kind", "message", "logged"),
    [
        pytest.param("blame-input", "USER", "the video v.mp4 holds no frames", "", id="invalid-input"),
        pytest.param("crash", "ANALYTIC", "RuntimeError: this analytic is broken", "Traceback", id="exception"),
        pytest.param("exit-politely", "ANALYTIC", "SystemExit", "exit_politely", id="sys.exit"),
        pytest.param("leave-nothing", "ANALYTIC", "its output 'labels' (labels.json)", "MissingOutput", id="no-output"),
        pytest.param("broken-import", "ANALYTIC", "cannot be imported", "broken_import.py", id="import"),
        pytest.param("broken-kind", "ANALYTIC", "and not an Analytic", "Traceback", id="not-an-analytic"),
        pytest.param(
            "unheard-of", "ANALYTIC", "analytic 'samples/unheard-of' is not installed", "Traceback", id="not-installed"
        ),
    ],
)
def test_a_failure_names_who_is_at_fault_and_why(child, platform, name, kind, message, logged):
    assert child(name, platform) == TaskExit.FAILED

    assert platform.states == [{"state": "RUNNING"}, {"state": "FAILED", "failure_type": kind}]
    assert message in platform.status["messages"][-1]["message"]
    assert (platform.status["state"], platform.status["failure_type"]) == ("FAILED", kind)
    assert platform.status["fail_time"]
    assert logged in platform.log
    assert "output" not in platform.stored


def test_a_deleted_input_is_a_failure_of_the_user(child):
    platform = JobPlatform(inputs={"video": "files/deleted"})

    assert child("echo", platform) == TaskExit.FAILED

    assert platform.states[-1] == {"state": "FAILED", "failure_type": "USER"}
    assert "'video' is no longer on the platform" in platform.status["messages"][-1]["message"]
    platform.close()


def test_zipped_outputs_arrive_as_one_archive(child, platform):
    assert child("archive", platform) == TaskExit.COMPLETE

    with zipfile.ZipFile(io.BytesIO(platform.stored["output"][-1])) as archive:
        assert sorted(archive.namelist()) == ["frames/1.txt", "labels.json"]
        assert archive.read("frames/1.txt") == b"one"


def test_an_output_posted_as_data_is_named_in_the_status_and_needs_no_output_file(child, platform):
    platform.task["output"] = None

    assert child("post", platform) == TaskExit.COMPLETE

    assert b'name="file"; filename="clip.mp4"' in platform.stored["data"][-1]
    assert b"\r\n\r\na clip\r\n--" in platform.stored["data"][-1]
    assert platform.status["posted_data"] == {"clip": "d1"}


def test_a_chatty_job_uploads_its_whole_log(child, platform):
    child("chatter", platform)

    assert platform.log.count("0123456789abcde\n") == 3 * 65536
    assert platform.log.endswith("the last line\n")


def test_a_job_waits_for_an_unavailable_platform(child, platform):
    for request in [BEGIN, FINISH]:
        platform.refusals[request] = [503, 502]

    assert child("no-op", platform) == TaskExit.COMPLETE

    assert platform.stored["output"] == [b"{}"]


def test_a_stale_link_is_replaced_by_a_fresh_one(child):
    platform = JobPlatform(inputs={"video": "files/v.mp4"})
    platform.files["files/v.mp4"] = (b"a video", None)
    platform.refusals["GET", "/files/v.mp4"] = [403]

    assert child("echo", platform) == TaskExit.COMPLETE

    assert ("GET", "/files/v.mp4-fresh") in platform.requests
    platform.close()


@pytest.mark.parametrize("status", [401, 403, 404, 409])
def test_an_outdated_attempt_stops_before_its_work(child, platform, status):
    platform.refusals[BEGIN] = [status]

    assert child("no-op", platform) == TaskExit.NOT_CURRENT

    assert platform.requests == [BEGIN]


def test_an_outdated_attempt_stops_during_its_work(child, platform):
    platform.refusals["PUT", "/signed/status"] = [200, 409]

    assert child("progress-forever", platform) == TaskExit.NOT_CURRENT


def test_progress_is_published_while_the_job_runs_at_most_twice_a_second(child, platform):
    platform.refusals["PUT", "/signed/status"] = [200, 200, 200, 409]

    child("progress-forever", platform)

    assert platform.requests.count(("PUT", "/signed/status")) == 4


def test_a_rejected_output_is_a_failure_of_the_platform_with_its_error(child, platform):
    platform.refusals[FINISH] = [413]

    assert child("no-op", platform) == TaskExit.FAILED

    assert platform.states[-1] == {"state": "FAILED", "failure_type": "PLATFORM"}
    assert [line["message"] for line in platform.status["messages"][:-1]] == ["Task started"]
    assert "413: refused by the test" in platform.status["messages"][-1]["message"]
    assert platform.status["complete_time"] is None
    assert "output" not in platform.stored


def test_a_platform_that_stays_away_leaves_the_job_unreported_instead_of_failed(platform, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "Agent", partial(Agent, retry_seconds=0.3))
    platform.refusals[FINISH] = [503] * 1000

    exit_code = run.run_job(lambda: NO_OP, platform.environment, tmp_path)

    assert exit_code == TaskExit.UNREPORTED
    assert platform.states == [{"state": "RUNNING"}]
