"""Renditions that a real platform prepares after an upload."""

from pathlib import Path
from typing import Any

import requests

from support.accounts import User
from support.platforms import PATIENT, StartPlatform
from support.video_samples import numbered_video
from support.waiting import wait_until
from voxel51.server.renditions.preparation import PREPARED
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest
from voxel51.users.query import DataQuery

PREPARING = {"VOXEL51_SERVER_PREPARE_RENDITIONS": "1"}


def renditions_of(user: User, data_id: str) -> dict[str, dict[str, Any]]:
    answer = requests.get(f"{user.v1}/data/{data_id}/renditions", headers=user.headers)
    return {each["rendition"]: each for each in answer.json()["renditions"]}


KEPT = [kind for kind in PREPARED if kind != "facts"]
FACTS = ("duration_seconds", "frame_rate", "frame_count", "width", "height", "video_codec", "has_audio")


def all_prepared(user: User, data_id: str) -> bool:
    made = renditions_of(user, data_id)
    return made.keys() == set(KEPT) and all(each["state"] == "COMPLETE" for each in made.values())


def test_poster_index_and_playable_copy_are_there_after_an_upload(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    user = User.create(start_platform(environment=PREPARING), tmp_path)
    with API(token=Token.from_json(str(user.token))) as api:
        data_id = api.upload_data(str(numbered_video(tmp_path / "numbers.mp4")))["id"]

        wait_until(lambda: all_prepared(user, data_id))

        assert api.list_jobs() == []
        [facts] = api.query_data(DataQuery().add_fields(FACTS).add_search("duration_seconds", "1..2"))["data"]
        assert facts == dict(zip(FACTS, (1.2, 25.0, 30, 320, 180, "h264", False), strict=True))
    path = f"{user.v1}/data/{data_id}/renditions"
    answers = [requests.get(f"{path}/{kind}", headers=user.headers) for kind in KEPT]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_preparation_waits_while_jobs_use_all_slots(start_platform: StartPlatform, tmp_path: Path) -> None:
    environment = {**PREPARING, "VOXEL51_SERVER_CONCURRENCY": "1"}
    user = User.create(start_platform(environment=environment), tmp_path)
    with API(token=Token.from_json(str(user.token))) as api:
        request = JobRequest(PATIENT)
        request.set_parameter("seconds", 3)
        job_id = api.upload_job_request(request, "patient", auto_start=True)["id"]
        wait_until(lambda: api.get_job_state(job_id) == "RUNNING")
        data_id = api.upload_data(str(numbered_video(tmp_path / "numbers.mp4")))["id"]

        wait_until(lambda: all_prepared(user, data_id))

        completed = api.get_job_details(job_id)["completion_date"]
    assert min(each["used_at"] for each in renditions_of(user, data_id).values()) >= completed
