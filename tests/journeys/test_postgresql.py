"""The whole platform on PostgreSQL, configured by the URL alone."""

import threading
import time
from pathlib import Path

import pytest
import requests

from support.accounts import Application, User
from support.platforms import NO_OP, StartPlatform
from support.postgresql import PostgreSQL
from support.video_samples import footage, numbered_video
from support.waiting import LIMIT_SECONDS
from voxel51.transport.errors import NotFound
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest
from voxel51.users.query import JobsQuery

PASSWORD = "correct horse"


@pytest.fixture
def settings(postgresql: PostgreSQL) -> dict[str, str]:
    return {"VOXEL51_SERVER_DATABASE_URL": postgresql.database()}


def test_jobs_of_users_and_applications_run_and_survive_a_restart(
    start_platform: StartPlatform, settings: dict[str, str], tmp_path: Path
) -> None:
    platform = start_platform(environment=settings)
    alice, acme = User.create(platform, tmp_path), Application.create(platform, tmp_path)
    made = requests.post(
        f"{acme.v1}/apps/users", json={"username": alice.name}, headers=acme.headers(), timeout=LIMIT_SECONDS
    )
    assert made.status_code == 201
    with API(token=Token.from_json(alice.token)) as api:
        data = api.upload_data(numbered_video(tmp_path / "video.mp4"))
        request = JobRequest("voxel51/shot-detection")
        request.set_input("video", data_id=data["id"])
        job = api.upload_job_request(request, "shots", auto_start=True)
        api.wait_until_job_completes(job["id"])

        assert platform.stop() == 0
        platform.start()

        api.download_job_output(job["id"], tmp_path / "labels.json")
        assert '"shot"' in (tmp_path / "labels.json").read_text()
        assert [each["name"] for each in api.query_jobs(JobsQuery().add_search("name", "SHO"))["jobs"]] == ["shots"]
        for _ in range(20):
            api.upload_job_request(JobRequest(NO_OP), "many", auto_start=True)
        ended = list(api.wait([each["id"] for each in api.list_jobs()], timeout=LIMIT_SECONDS))
        assert len(ended) == 21
        assert {each["state"] for each in ended} == {"COMPLETE"}
        api.delete_data(data["id"])


def test_labels_are_drawn_and_searched(start_platform: StartPlatform, settings: dict[str, str], tmp_path: Path) -> None:
    platform = start_platform(environment=settings)
    alice, bob = User.create(platform, tmp_path), User.create(platform, tmp_path)
    with API(token=Token.from_json(alice.token)) as api, API(token=Token.from_json(bob.token)) as other:
        data = api.upload_data(footage("bikes.mp4"))
        request = JobRequest("voxel51/shot-detection")
        request.set_input("video", data_id=data["id"])
        job = api.upload_job_request(request, "shots", auto_start=True)
        api.wait_until_job_completes(job["id"])

        assert Path(api.download_job_rendition(job["id"], "sheet", tmp_path / "sheet.jpg")).stat().st_size > 10_000
        assert api.get_frame_times(data["id"])["frame_count"] == 250
        assert Path(api.download_job_output(job["id"], tmp_path / "a.csv", format="csv")).stat().st_size > 100
        [match] = api.search_labels(["SHOT".lower()], longer_than=1, together=True, data_id=data["id"])["matches"]
        assert (match["job_id"], match["filename"]) == (job["id"], "bikes.mp4")
        assert api.search_labels(text="%")["count"] == 0
        assert [each["label"] for each in api.list_labels()] == ["shot"]
        assert other.search_labels(["shot"])["count"] == 0
        with pytest.raises(NotFound):
            other.get_frame_times(data["id"])
        api.delete_data(data["id"])
        deadline = time.monotonic() + LIMIT_SECONDS
        while (
            len(list((platform.folder / "storage" / "outputs").rglob("*-*"))) > 2
        ):  # its index goes with it, and the sheet that shows it
            assert time.monotonic() < deadline
            time.sleep(0.5)


def test_only_one_of_many_first_users_becomes_the_operator(
    start_platform: StartPlatform, settings: dict[str, str]
) -> None:
    platform = start_platform(environment={**settings, "VOXEL51_SERVER_SIGN_UP": "open"})
    roles: list[str] = []

    def sign_up(name: str) -> None:
        body = {"username": name, "password": PASSWORD}
        answer = requests.post(f"{platform.url}/v1/sign-up", json=body, timeout=LIMIT_SECONDS)
        roles.append(answer.json().get("role", answer.text))

    people = [threading.Thread(target=sign_up, args=(f"person-{number}",)) for number in range(6)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(roles) == ["member"] * 5 + ["operator"]


def test_unavailable_database_is_reported_without_its_password(start_platform: StartPlatform) -> None:
    away = {"VOXEL51_SERVER_DATABASE_URL": "postgresql://v51:secret@127.0.0.1:1/platform"}

    with pytest.raises(Exception, match="cannot be opened") as raised:
        start_platform(environment=away)

    assert "secret" not in str(raised.value)
