"""SQL over the labels of a real platform: a user's own labels only, in a sandboxed job, with errors that explain."""

import csv
import json
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.video_samples import footage
from support.waiting import LIMIT_SECONDS
from voxel51.cli.main import main
from voxel51.labels.media.still_images import read_image
from voxel51.labels.video import VideoLabels
from voxel51.transport.errors import APIError
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest


def found_objects(platform: PlatformProcess, folder: Path) -> tuple[User, API, str]:
    """Return a user with a job that found objects."""
    user = User.create(platform, folder)
    api = API(token=Token.from_json(str(user.token)))
    request = JobRequest("voxel51/object-tracks")
    request.set_input("video", data_id=api.upload_data(str(footage("bikes.mp4")))["id"])
    request.set_parameter("last_frame", 60)
    job_id = api.upload_job_request(request, "follow", auto_start=True)["id"]
    api.wait_until_job_completes(job_id, sleep_time=0.2)
    return user, api, job_id


def test_labels_are_queried_exported_and_private(
    platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    user, api, job_id = found_objects(platform, tmp_path)
    labels = VideoLabels.from_file(api.download_job_output(job_id, str(tmp_path / "labels.json")))
    boxes = sum(len(frame.objects) for frame in labels.frames.values())

    result = api.query_labels("SELECT job_id, count(*) AS n FROM detections GROUP BY job_id")

    assert result.to_dicts() == [{"job_id": job_id, "n": boxes}]
    assert result.to_pandas()["n"].tolist() == result.to_arrow()["n"].to_pylist() == [boxes]
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(user.token))
    output = tmp_path / "tracks.csv"
    assert main(["labels", "sql", "SELECT name, label FROM jobs JOIN tracks USING (job_id)", "--out", str(output)]) == 0
    with output.open(newline="") as file:
        assert {row["name"] for row in csv.DictReader(file)} == {"follow"}
    for sql, text in (
        ("SELECT * FROM read_text('/etc/passwd')", "disabled"),
        ("COPY jobs TO '/tmp/jobs.csv'", "a query is one SELECT statement"),
        ("SELECT no_such FROM jobs", "no_such"),
        ("", "'sql' is required"),
    ):
        with pytest.raises(APIError, match=text):
            api.query_labels(sql)

    found = api.find_moments(["person"], confidence=0.5, zone=[(0, 0), (1, 0), (1, 1.0), (0, 1)])
    frames = {
        number
        for number, frame in labels.frames.items()
        for each in frame.objects
        if each.label == "person" and (each.confidence or 0) >= 0.5
    }
    assert found["videos"] == 1
    assert all(any(m["first_frame"] <= n <= m["last_frame"] for m in found["moments"]) for n in frames)
    assert {m["job_id"] for m in found["moments"]} == {job_id}
    capsys.readouterr()
    assert main(["labels", "moments", "person", "--tracks", "--longer-than", "0.1", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["count"] == len(listed["moments"]) > 0
    assert listed["seconds"] <= sum(m["seconds"] for m in listed["moments"])
    assert main(["labels", "moments", "person", "--zone", "1;2"]) == 1

    bob = API(token=Token.from_json(str(User.create(platform, tmp_path).token)))
    assert bob.find_moments(["person"])["count"] == 0
    assert bob.query_labels("SELECT (SELECT count(*) FROM detections), (SELECT count(*) FROM jobs)").rows == [[0, 0]]
    assert requests.get(f"{user.v1}/labels/sql?sql=SELECT+1", timeout=LIMIT_SECONDS).status_code == 401


def test_charts_are_saved_as_pictures_and_tables(
    platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    user, api, job_id = found_objects(platform, tmp_path)
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(user.token))
    of_set, of_job, rows = tmp_path / "set.png", tmp_path / "job.png", tmp_path / "job.csv"
    collection = api.create_collection("street")
    api.add_to_collection(collection["id"], search="type:video")

    chosen = ["--collection", collection["id"]]
    assert main(["labels", "chart", "classes", *chosen, "--out", str(of_set), "--dark"]) == 0
    assert main(["labels", "chart", "timeline", "--job", job_id, "--out", str(of_job)]) == 0
    assert main(["labels", "chart", "classes", "--job", job_id, "--out", str(rows)]) == 0

    assert [read_image(path).shape[1] for path in (of_set, of_job)] == [1280, 1280]
    with rows.open(newline="") as file:
        counted = {row["label"]: int(row["boxes"]) for row in csv.DictReader(file)}
    found = api.chart_labels("classes", collection=collection["id"])
    assert {row["label"]: row["detections"] for row in found.to_dicts()} == counted
    capsys.readouterr()
    for words in (["--job", job_id], chosen):
        assert main(["labels", "chart", "classes", *words]) == 0
        assert all(label in capsys.readouterr().out for label in [max(counted, key=counted.__getitem__)])
    picture = api.draw_chart("lengths", search="type:video")
    assert picture.media_type == "image/png"
    assert (
        api.get_result(job_id, tmp_path / "again.json").chart("zone", zone=[(0, 0), (1, 0), (1, 1)]).media_type
        == "image/png"
    )
    for words, text in (
        (["--job", job_id, "--label", "car"], "--label is not for charts of one job"),
        (["--zone", "0,0;1,1;0,1"], "--zone is not for charts of many videos"),
        (["--job", job_id, "--out", "a.parquet"], "--out takes"),
    ):
        assert main(["labels", "chart", "classes", *words]) != 0
        assert text in capsys.readouterr().err
