"""Partial results: the labels that a job has found so far are seen while it runs, and stay if it does not complete."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.stored_files import database_path
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.cli import main
from voxel51.labels.video import VideoLabels
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token

STEADY = "journeys/steady"
ENDLESS = {"frames": 1_000_000, "pause_seconds": 0.02}


@pytest.fixture
def owner(platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(platform, tmp_path)


def api_of(user: User) -> API:
    return API(token=Token.from_json(str(user.token)))


def frames_of(api: API, job_id: str) -> dict[str, Any]:
    reply = api.get_partial_labels(job_id)
    return {number: frame for part in reply["parts"] for number, frame in part["frames"].items()}


def test_labels_are_seen_while_the_job_runs_and_stay_after_it_is_cancelled(owner: User, tmp_path: Path) -> None:
    api = api_of(owner)
    job_id = post_job(owner.v1, owner.headers, STEADY, **ENDLESS)
    wait_until(lambda: frames_of(api, job_id))
    first = api.get_partial_labels(job_id)
    wait_until(lambda: api.get_partial_labels(job_id, first["cursor"])["parts"])
    later = api.get_partial_labels(job_id, first["cursor"])
    known = {number for part in first["parts"] for number in part["frames"]}
    new = {number for part in later["parts"] for number in part["frames"]}
    assert not later["is_restarted"]
    assert not known & new
    assert (first["state"], api.get_job_state(job_id)) == ("RUNNING", "RUNNING")

    api.kill_job(job_id)

    path = api.download_partial_labels(job_id, tmp_path / "partial.json")
    labels = VideoLabels.from_file(path)
    assert [*labels.frames] == [*range(1, len(labels.frames) + 1)]
    assert {str(number) for number in labels.frames} >= known | new
    assert {event.label for event in labels.events} == {"counted"}
    assert [each.index for each in labels.frames[6].objects] == [1, 2]


def test_a_program_follows_the_labels_until_the_job_ends(owner: User) -> None:
    api = api_of(owner)
    complete = post_job(owner.v1, owner.headers, STEADY, frames=100, pause_seconds=0.05)
    seen = [
        number for reply in api.iter_partial_labels(complete) for part in reply["parts"] for number in part["frames"]
    ]
    failed = post_job(owner.v1, owner.headers, STEADY, frames=100, pause_seconds=0.05, fail_at=91)
    found = [
        number for reply in api.iter_partial_labels(failed) for part in reply["parts"] for number in part["frames"]
    ]

    assert seen == [str(number) for number in range(1, len(seen) + 1)]
    assert found == [str(number) for number in range(1, 91)]
    assert [*api.iter_partial_labels(complete)] == []


def test_all_labels_up_to_the_failure_of_an_analytic_are_kept(
    owner: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = api_of(owner)
    job_id = post_job(owner.v1, owner.headers, STEADY, frames=50, pause_seconds=0.0, fail_at=41)
    wait_until(lambda: api.get_job_state(job_id) == "FAILED")

    monkeypatch.setenv("VOXEL51_API_TOKEN", str(owner.token))
    assert main.main(["jobs", "download", job_id, "--partial", "--path", str(tmp_path / "p.json")]) == 0
    assert [*VideoLabels.from_file(tmp_path / "p.json").frames] == [*range(1, 41)]


def test_the_output_replaces_them(platform: PlatformProcess, owner: User) -> None:
    api = api_of(owner)
    job_id = post_job(owner.v1, owner.headers, STEADY, frames=60, pause_seconds=0.05)
    wait_until(lambda: api.get_job_state(job_id) == "COMPLETE")

    assert api.get_partial_labels(job_id)["parts"] == []
    with pytest.raises(APIError, match="download its output"):
        api.download_partial_labels(job_id)
    wait_until(lambda: rows_of(platform, job_id) == 0)


def rows_of(platform: PlatformProcess, job_id: str) -> int:
    connection = sqlite3.connect(database_path(platform.folder))
    try:
        [count] = connection.execute("SELECT count(*) FROM partial_parts WHERE job_id = ?", (job_id,)).fetchone()
    finally:
        connection.close()
    return int(count)


def test_listeners_of_the_event_stream_are_told(owner: User) -> None:
    with requests.get(f"{owner.v1}/events", headers=owner.headers, stream=True, timeout=LIMIT_SECONDS) as stream:
        job_id = post_job(owner.v1, owner.headers, STEADY, **ENDLESS)
        lines = (line.decode() for line in stream.iter_lines())
        data = next(line for line, before in pairs(lines) if before == "event: job_partial")
    assert json.loads(data.removeprefix("data: "))["job_id"] == job_id
    api_of(owner).kill_job(job_id)


def pairs(lines: Any) -> Any:
    """Yield each line with the one before."""
    before = ""
    for line in lines:
        yield line, before
        before = line


def test_others_see_them_only_by_a_share_link(platform: PlatformProcess, owner: User, tmp_path: Path) -> None:
    job_id = post_job(owner.v1, owner.headers, STEADY, frames=50, pause_seconds=0.0, fail_at=11)
    wait_until(lambda: api_of(owner).get_job_state(job_id) == "FAILED")
    stranger = User.create(platform, tmp_path)
    made = requests.post(f"{owner.v1}/jobs/{job_id}/shares", json={}, headers=owner.headers, timeout=LIMIT_SECONDS)
    shared = requests.get(f"{made.json()['api_url']}/partial", timeout=LIMIT_SECONDS).json()

    for headers in (stranger.headers, {}):
        refused = requests.get(f"{owner.v1}/jobs/{job_id}/partial", headers=headers, timeout=LIMIT_SECONDS)
        assert refused.status_code in {401, 404}
    assert [number for part in shared["parts"] for number in part["frames"]] == [str(n) for n in range(1, 11)]
    assert requests.get(f"{owner.v1}/shared/share_x/partial", timeout=LIMIT_SECONDS).status_code == 404


def test_an_application_sees_those_of_its_user(platform: PlatformProcess, tmp_path: Path) -> None:
    application = Application.create(platform, tmp_path)
    requests.post(f"{application.v1}/apps/users", json={"username": "ada"}, headers=application.headers(),
                  timeout=LIMIT_SECONDS)  # fmt: skip
    headers = application.headers("ada")
    job_id = post_job(application.v1, headers, STEADY, **ENDLESS)
    url = f"{application.v1}/jobs/{job_id}/partial"
    wait_until(lambda: requests.get(url, headers=headers, timeout=LIMIT_SECONDS).json().get("parts"))
    requests.put(f"{application.v1}/jobs/{job_id}/kill", headers=headers, timeout=LIMIT_SECONDS)
