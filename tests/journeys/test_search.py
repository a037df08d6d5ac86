"""Label search on a real platform."""

from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.video_samples import footage
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest


def run(api: API, analytic: str, data_id: str, **parameters: Any) -> str:
    request = JobRequest(analytic)
    request.set_input("video", data_id=data_id)
    for name, value in parameters.items():
        request.set_parameter(name, value)
    job_id: str = api.upload_job_request(request, analytic, auto_start=True)["id"]
    api.wait_until_job_completes(job_id, sleep_time=0.2, max_wait_time=60)
    return job_id


@pytest.fixture(scope="module")
def found(platform: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> tuple[User, API, dict[str, str]]:
    user = User.create(platform, tmp_path_factory.mktemp("search"))
    api = API(token=Token.from_json(str(user.token)))
    data_id = api.upload_data(str(footage("bikes.mp4")))["id"]
    ids = {
        "data": data_id,
        "tracks": run(api, "voxel51/object-tracks", data_id, last_frame=60),
        "shots": run(api, "voxel51/shot-detection", data_id),
    }
    return user, api, ids


def test_search_finds_jobs_and_frames_by_label(found: tuple[User, API, dict[str, str]]) -> None:
    _, api, ids = found

    result = api.search_labels(["car", "person"], longer_than=0.5)

    [match] = result["matches"]
    assert (result["count"], match["job_id"], match["data_id"]) == (1, ids["tracks"], ids["data"])
    assert (match["filename"], match["analytic"]) == ("bikes.mp4", "voxel51/object-tracks")
    assert match["found"]["car"]["spans"] >= 1
    [[first, last]] = match["found"]["person"]["ranges"]
    assert 31 <= first < last <= 60


def test_together_finds_labels_at_the_same_time(found: tuple[User, API, dict[str, str]]) -> None:
    _, api, _ = found

    [match] = api.search_labels(["car", "person"], together=True)["matches"]

    assert match["together"]
    for first, last in match["together"]:
        assert all(
            any(start <= first and last <= end for start, end in match["found"][label]["ranges"])
            for label in ("car", "person")
        )
    assert api.search_labels(["car", "shot"], together=True)["count"] == 0  # never in one job


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"labels": ["shot"]}, 1),
        ({"labels": ["shot"], "longer_than": 2.3}, 1),
        ({"labels": ["shot"], "longer_than": 3}, 0),
        ({"labels": ["giraffe"]}, 0),
        ({"labels": ["car"], "confidence": 0.999}, 0),
        ({"labels": ["car"], "analytic": "voxel51/shot-detection"}, 0),
        ({"labels": ["car"], "offset": 1}, 1),
        ({"text": "TAXI"}, 0),
        ({"labels": ["car"], "data_id": "%"}, 0),
    ],
    ids=str,
)
def test_search_conditions_exclude_other_jobs(
    found: tuple[User, API, dict[str, str]], wanted: dict[str, Any], count: int
) -> None:
    assert found[1].search_labels(**wanted)["count"] == count


def test_labels_are_listed_with_their_counts(found: tuple[User, API, dict[str, str]]) -> None:
    labels = {each["label"]: each for each in found[1].list_labels()}

    assert labels["shot"] == {"label": "shot", "kind": "event", "jobs": 1, "spans": 6, "seconds": 10.0}
    assert {"car", "person", "shot"} <= labels.keys()


def test_other_users_find_nothing(platform: PlatformProcess, found: Any, tmp_path: Path) -> None:
    with API(token=Token.from_json(str(User.create(platform, tmp_path).token))) as api:
        assert api.search_labels(["car"])["count"] == 0
        assert api.list_labels() == []
        assert api.search_labels(["car"], job_id=found[2]["tracks"])["count"] == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "'labels' (such as labels=dog,car) or 'text' is required"),
        ({"labels": ","}, "'labels' (such as labels=dog,car) or 'text' is required"),
        ({"labels": "a,b,c,d,e,f"}, "at most 5 labels"),
        ({"labels": "a", "longer_than": "long"}, "'longer_than' must be a number from 0"),
        ({"labels": "a", "limit": "2.5"}, "'limit' must be a whole number from 1 to 500"),
        ({"labels": "a", "confidence": "nan"}, "'confidence' must be a number from 0 to 1"),
        ({"labels": "a", "together": "maybe"}, "'together' must be true or false"),
    ],
    ids=str,
)
def test_invalid_search_is_refused(found: Any, arguments: dict[str, str], text: str) -> None:
    user: User = found[0]

    answer = requests.get(f"{user.v1}/labels", headers=user.headers, params=arguments, timeout=LIMIT_SECONDS)

    assert answer.status_code == 400
    assert text in answer.json()["error"]["message"]
