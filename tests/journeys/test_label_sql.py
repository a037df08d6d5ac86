"""SQL over the labels of a real platform: a user's own labels only, in a sandboxed job, with errors that explain."""

import csv
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.video_samples import footage
from support.waiting import LIMIT_SECONDS
from voxel51.cli.main import main
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
    platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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

    bob = API(token=Token.from_json(str(User.create(platform, tmp_path).token)))
    assert bob.query_labels("SELECT (SELECT count(*) FROM detections), (SELECT count(*) FROM jobs)").rows == [[0, 0]]
    assert requests.get(f"{user.v1}/labels/sql?sql=SELECT+1", timeout=LIMIT_SECONDS).status_code == 401
