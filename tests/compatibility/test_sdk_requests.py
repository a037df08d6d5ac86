"""Requests of the original SDK's functions, in order, as a mock platform receives them."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.loopback_server import Loopback, Reply, loopback
from support.original_mock import JOB, KEY, OriginalMock
from support.video_samples import numbered_video
from voxel51.platform import api, task, utils
from voxel51.platform.serializable import ConfigError

__all__ = ["loopback"]

PUBLISHED = ["PUT state", "GET url/status", "PUT status=old-status.json"]


@pytest.fixture
def mock(monkeypatch: pytest.MonkeyPatch) -> Iterator[OriginalMock]:
    server = OriginalMock({"video": b"0123456789"}, {"threshold": 0.5})
    server.files["names.json"] = b'["car"]'
    server.task["parameters"]["names"] = server.link("inputs", "names.json")
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()


@pytest.fixture
def manager(mock: OriginalMock) -> task.TaskManager:
    """The manager of the mock's job. Loading it was the only request so far, and is no longer recorded."""
    loaded = task.TaskManager.from_url(task.get_task_config_url())
    assert mock.order == ["GET task=task.json"]
    mock.requests.clear()
    return loaded


def test_the_life_of_a_task_is_the_original_order_of_requests(
    mock: OriginalMock, manager: task.TaskManager, tmp_path: Path
) -> None:
    (tmp_path / "labels.json").write_text("{}")
    (tmp_path / "image.log").write_text("the log")

    manager.start()
    inputs = manager.download_inputs(tmp_path / "in")
    parameters = manager.parse_parameters(data_params_dir=tmp_path / "params")
    manager.record_input_metadata("video", metadata={"frame_rate": 25.0})
    manager.task_status.add_message("half way")
    manager.publish_status()
    manager.upload_output(tmp_path / "labels.json")
    manager.complete(logfile_path=tmp_path / "image.log")

    assert mock.order == [
        *PUBLISHED,
        "GET url/data", "HEAD inputs=video.mp4", "GET inputs=video.mp4",
        "HEAD inputs=names.json", "GET inputs=names.json",
        *PUBLISHED,
        "GET url/output", "PUT output=old-labels.json",
        *PUBLISHED,
        "GET url/log", "PUT logfile=old-log.log",
    ]  # fmt: skip
    assert Path(inputs["video"]).read_bytes() == b"0123456789"
    assert parameters == {"threshold": 0.5, "names": str(tmp_path / "params" / "names.json")}
    assert [each["state"] for each in mock.states] == ["RUNNING", "RUNNING", "COMPLETE"]
    assert (mock.stored["output"], mock.stored["logfile"]) == (b"{}", b"the log")


def test_every_check_of_the_mock_server_is_met(mock: OriginalMock, manager: task.TaskManager, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "real.mp4", frames=10)
    (tmp_path / "out.log").write_text("")
    task.TaskManager.from_url(task.get_task_config_url())

    manager.start()
    manager.download_inputs(tmp_path)
    manager.record_input_metadata("video", video_path=video)
    manager.post_job_metadata(video_path=video)
    manager.upload_output(video)
    manager.complete(logfile_path=tmp_path / "out.log")

    assert [check for check, is_met in mock.report().items() if not is_met] == []
    assert mock.metadata == {"frame_count": 10, "duration_seconds": 0.4, "size_bytes": video.stat().st_size}
    assert mock.document("status")["inputs"]["video"]["frame_size"] == [320, 180]


def test_the_status_document_has_the_original_keys_and_times(mock: OriginalMock, manager: task.TaskManager) -> None:
    manager.start()
    manager.add_status_message("one")
    manager.complete()

    status = mock.document("status")
    assert list(status) == ["analytic", "version", "state", "start_time", "complete_time", "fail_time", "failure_type",
                            "messages", "inputs", "posted_data"]  # fmt: skip
    assert (status["analytic"], status["version"], status["state"]) == ("owner/old", "1.0", "COMPLETE")
    assert [each["message"] for each in status["messages"]] == ["Task started", "one", "Task complete"]
    assert status["messages"][0]["time"] == status["start_time"] < status["complete_time"]
    assert not status["start_time"].endswith("Z")
    assert "\n    " in mock.stored["status"].decode()


def test_a_failed_task_reports_its_failure_and_uploads_its_log(
    mock: OriginalMock, manager: task.TaskManager, tmp_path: Path
) -> None:
    (tmp_path / "image.log").write_text("the end")

    manager.fail_gracefully(failure_type=task.TaskFailureType.USER, logfile_path=tmp_path / "image.log")

    assert mock.order == [*PUBLISHED, "GET url/log", "PUT logfile=old-log.log"]
    assert mock.states == [{"state": "FAILED", "failure_type": "USER"}]
    assert mock.document("status")["failure_type"] == "USER"


def test_a_failure_without_a_type_is_reported_as_none(mock: OriginalMock, manager: task.TaskManager) -> None:
    manager.fail_gracefully()

    assert mock.states == [{"state": "FAILED", "failure_type": "NONE"}]


def test_errors_of_a_graceful_failure_are_swallowed_one_by_one(
    mock: OriginalMock, manager: task.TaskManager, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mock.refused["state"] = Reply.error(400, "no such state")
    (tmp_path / "image.log").write_text("still sent")

    manager.fail_gracefully(logfile_path=tmp_path / "image.log")

    assert mock.stored == {"logfile": b"still sent"}
    assert "400: no such state" in caplog.text


def test_an_epic_failure_needs_the_variables_only(mock: OriginalMock, tmp_path: Path) -> None:
    (tmp_path / "image.log").write_text("no task")

    task.fail_epically(logfile_path=tmp_path / "image.log")

    assert mock.order == ["PUT state", "PUT logfile=log.log"]
    assert mock.states == [{"state": "FAILED", "failure_type": "PLATFORM"}]
    assert mock.stored["logfile"] == b"no task"


def test_an_epic_failure_never_raises(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.delenv("JOB_ID", raising=False)
    monkeypatch.delenv("API_TOKEN", raising=False)

    task.fail_epically(logfile_path="no-such-file")

    assert caplog.text.count("a report of the failed task could not be sent") == 2


def test_an_output_that_becomes_data_is_recorded_in_the_status(
    mock: OriginalMock, manager: task.TaskManager, tmp_path: Path
) -> None:
    (tmp_path / "made.bin").write_bytes(b"made")

    manager.upload_output_as_data("clip", tmp_path / "made.bin")
    manager.complete()

    assert mock.order == ["POST data", *PUBLISHED]
    assert b"made" in mock.stored["data"]
    assert mock.document("status")["posted_data"] == {"clip": "d1"}


@pytest.mark.parametrize("route", ["url/data", "url/status", "url/output", "url/log"])
def test_the_links_of_the_task_are_used_where_fresh_ones_are_refused(
    mock: OriginalMock, manager: task.TaskManager, tmp_path: Path, route: str
) -> None:
    (tmp_path / "file").write_text("text")
    mock.refused[route] = Reply.error(404, "expired")

    manager.download_inputs(tmp_path)
    manager.upload_output(tmp_path / "file")
    manager.complete(logfile_path=tmp_path / "file")

    assert {"status", "output", "logfile"} <= set(mock.stored)


def test_data_parameters_are_left_out_without_a_folder_for_them(mock: OriginalMock, manager: task.TaskManager) -> None:
    assert manager.parse_parameters() == {"threshold": 0.5}
    assert mock.order == []


def test_paths_are_known_before_the_download(mock: OriginalMock, manager: task.TaskManager, tmp_path: Path) -> None:
    assert manager.get_path_for_input("video", tmp_path) == str(tmp_path / "video.mp4")
    assert manager.get_path_for_data_parameter("names", tmp_path) == str(tmp_path / "names.json")
    assert mock.order == ["HEAD inputs=video.mp4", "HEAD inputs=names.json"]


def test_a_paused_task_is_resumed_from_two_files(mock: OriginalMock, manager: task.TaskManager, tmp_path: Path) -> None:
    manager.start()
    manager.task_status.record_posted_data("clip", "d7")
    mock.requests.clear()

    manager.pause(tmp_path / "config.json", tmp_path / "status.json")
    assert mock.order == []
    config, status = task.resume_task(tmp_path / "config.json", tmp_path / "status.json")
    resumed = task.TaskManager(config, status)
    resumed.complete()

    assert mock.order == PUBLISHED
    document = mock.document("status")
    assert document["start_time"] == manager.task_status.start_time
    assert [each["message"] for each in document["messages"]] == ["Task started", "Task complete"]
    assert document["posted_data"] == {"clip": "d7"}
    assert config.inputs["video"].signed_url == manager.task_config.inputs["video"].signed_url


def test_a_status_class_of_the_analytic_is_resumed(manager: task.TaskManager, tmp_path: Path) -> None:
    class OwnStatus(task.TaskStatus):
        pass

    manager.pause(tmp_path / "config.json", tmp_path / "status.json")

    _, status = task.resume_task(tmp_path / "config.json", tmp_path / "status.json", task_status_cls=OwnStatus)

    assert isinstance(status, OwnStatus)


def test_a_status_is_published_by_the_callback_of_the_analytic(mock: OriginalMock, manager: task.TaskManager) -> None:
    published: list[str] = []
    manager.task_status.set_publish_callback(lambda status: published.append(status.state))

    manager.start()
    manager.publish_status()
    manager.complete()

    assert published == ["RUNNING", "RUNNING", "COMPLETE"]
    assert mock.order == []


def test_metadata_of_another_library_is_recorded_as_its_document(mock: OriginalMock, manager: task.TaskManager) -> None:
    class Metadata:
        def serialize(self) -> dict[str, Any]:
            return {"frame_rate": 25.0}

    manager.record_input_metadata("video", metadata=Metadata())
    manager.start()

    assert mock.document("status")["inputs"] == {"video": {"frame_rate": 25.0}}


def test_an_image_counts_as_one_frame_without_duration(
    mock: OriginalMock, manager: task.TaskManager, tmp_path: Path
) -> None:
    import cv2
    import numpy as np

    path = tmp_path / "one.png"
    cv2.imwrite(str(path), np.zeros((20, 30, 3), np.uint8))

    manager.record_input_metadata("video", image_path=path)
    manager.post_job_metadata(image_path=path)
    manager.start()

    size = path.stat().st_size
    assert mock.metadata == {"frame_count": 1, "duration_seconds": 0, "size_bytes": size}
    assert mock.document("status")["inputs"]["video"] == {
        "frame_size": [30, 20], "num_channels": 3, "size_bytes": size, "mime_type": "image/png",
    }  # fmt: skip


@pytest.mark.parametrize("missing", ["analytic", "version", "job_id", "status", "logfile"])
def test_a_task_without_a_mandatory_key_is_rejected(mock: OriginalMock, missing: str) -> None:
    del mock.task[missing]

    with pytest.raises(ConfigError, match=missing):
        task.TaskConfig(mock.task)


def test_a_task_has_texts_and_ignores_unknown_keys(mock: OriginalMock) -> None:
    optional = {"inputs": None, "parameters": None, "output": None, "unknown": 1}

    config = task.TaskConfig({**mock.task, **optional})

    assert (config.inputs, config.parameters, config.output) == ({}, {}, None)
    assert config.log is config.logfile
    with pytest.raises(ConfigError, match="version"):
        task.TaskConfig({**mock.task, "version": 1.0})


def test_links_have_either_spelling_of_their_key() -> None:
    assert utils.RemotePathConfig({"signed_url": "http://a/b", "more": 1}).signed_url == "http://a/b"
    assert utils.RemotePathConfig.is_path_config_dict({"signed-url": "http://a/b"})
    assert not utils.RemotePathConfig.is_path_config_dict({"signed-url": 7})
    assert not utils.RemotePathConfig.is_path_config_dict("http://a/b")
    with pytest.raises(ConfigError, match="signed-url"):
        utils.RemotePathConfig({"url": "http://a/b"})


def test_the_name_of_a_download_is_asked_for_without_following_redirects(loopback: Loopback, tmp_path: Path) -> None:
    elsewhere = Reply(302, headers={"Location": f"{loopback.url}/elsewhere.avi"})
    loopback.reply(elsewhere, elsewhere, Reply(200, b"moved"))

    path = utils.download(utils.RemotePathConfig.from_signed_url(f"{loopback.url}/film.mp4?key=1"), tmp_path)

    assert [f"{each.method} {each.path}" for each in loopback.requests] == [
        "HEAD /film.mp4?key=1", "GET /film.mp4?key=1", "GET /elsewhere.avi",
    ]  # fmt: skip
    assert (path, Path(path).read_bytes()) == (str(tmp_path / "film.mp4"), b"moved")


def test_bytes_are_uploaded_with_and_without_a_content_type(loopback: Loopback) -> None:
    link = utils.RemotePathConfig.from_signed_url(f"{loopback.url}/target")

    utils.upload_bytes("text", link)
    utils.upload_bytes(b"{}", link, content_type="application/json")

    assert [each.headers.get("content-type") for each in loopback.requests] == [None, "application/json"]
    assert [each.body for each in loopback.requests] == [b"text", b"{}"]


def test_a_refused_link_is_an_error_with_its_status(loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply(Reply.error(403, "expired"))
    link = utils.RemotePathConfig.from_signed_url(f"{loopback.url}/target")

    for call in (
        lambda: utils.download_bytes(link),
        lambda: utils.download(link, tmp_path),
        lambda: utils.upload_bytes("", link),
    ):
        with pytest.raises(api.APIError, match="403: expired") as raised:
            call()
        assert raised.value.code == 403


@pytest.mark.parametrize(("keep_alive", "connections"), [(False, 2), (True, 1)])
def test_a_client_keeps_its_connection_if_asked(mock: OriginalMock, keep_alive: bool, connections: int) -> None:
    client = api.API(api.Token(KEY), keep_alive=keep_alive)

    client.update_job_state(JOB, "RUNNING")
    client.update_job_state(JOB, "FAILED", failure_type="USER")
    client.close()

    assert mock.connections == connections
    assert mock.states == [{"state": "RUNNING"}, {"state": "FAILED", "failure_type": "USER"}]


def test_an_error_that_is_not_json_has_the_reason(mock: OriginalMock) -> None:
    mock.refused["metadata"] = Reply(400, b"<html>")

    with pytest.raises(api.APIError, match="400: Bad Request"):
        api.make_api_client().post_job_metadata(JOB, {})


def test_the_adapter_sends_from_its_port(loopback: Loopback) -> None:
    import socket

    import requests

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with requests.Session() as session:
        session.mount("http://", utils.SourcePortAdapter(port))
        with session.get(loopback.url, stream=True) as answer:
            connection = answer.raw.connection
            assert answer.json() == {}
            assert connection.source_address == ("", port)


def test_a_json_text_is_read_from_bytes() -> None:
    assert utils.load_json(b'{"a": 1}') == utils.load_json('{"a": 1}') == {"a": 1}


@pytest.fixture
def untouched_logging() -> Iterator[None]:
    """Give the root logger its handlers and level back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.mark.usefixtures("untouched_logging")
def test_logging_goes_to_the_file_and_an_older_file_is_renamed(tmp_path: Path) -> None:
    path = tmp_path / "log" / "image.log"

    for text in ("first", "second", "third"):
        task.setup_logging(path)
        logging.getLogger("main").info(text)

    kept = {each.name: each.read_text() for each in path.parent.iterdir()}
    assert sorted(kept) == ["image.log", "image.log.1", "image.log.2"]
    assert ["third" in kept["image.log"], "second" in kept["image.log.1"], "first" in kept["image.log.2"]] == [True] * 3


@pytest.mark.usefixtures("untouched_logging")
def test_logging_continues_a_file_without_rotation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "image.log"
    path.write_text("before\n")

    task.setup_logging(path, rotate=False)
    logging.getLogger("main").info("after")

    lines = path.read_text().splitlines()
    assert (lines[0], lines[1].endswith("INFO main: after"), len(list(tmp_path.iterdir()))) == ("before", True, 1)
    assert "main: after" in capsys.readouterr().out


def test_the_documents_of_a_task_are_read_back(mock: OriginalMock) -> None:
    config = task.TaskConfig(mock.task)

    assert json.loads(config.to_str()) == mock.task
    assert str(task.TaskConfig.from_str(config.to_str())) == config.to_str()
