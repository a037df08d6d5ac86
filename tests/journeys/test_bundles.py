"""Bundles on a real platform: one Python file becomes an analytic that runs, on SQLite and on PostgreSQL."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.bundles import ENDED, build_of, deploy, deployed, log_of, source_of
from support.platforms import new_platform, running
from support.stored_files import orphans, stored_keys
from support.waiting import wait_until
from voxel51.cli.analytic_check import sample_video

OVER = {"COMPLETE", "FAILED"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_platform(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlatformProcess]:
    """A platform for the tests of this module, which kill it: each has a user of its own."""
    environment = {}
    if request.param == "postgresql":
        environment["VOXEL51_SERVER_DATABASE_URL"] = request.getfixturevalue("postgresql").database()
    with running(new_platform(tmp_path_factory.mktemp("bundles") / "platform", environment=environment)) as platform:
        yield platform


@pytest.fixture
def user(shared_platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(shared_platform, tmp_path)


@pytest.fixture
def video(user: User, tmp_path: Path) -> str:
    content = sample_video(tmp_path / "video.mp4").read_bytes()
    files = {"file": ("video.mp4", content)}
    answer = requests.post(f"{user.v1}/data", files=files, headers=user.headers, timeout=60)
    return str(answer.json()["data"]["id"])


def submit(user: User, analytic: str, video: str, version: str | None = None) -> requests.Response:
    request = {"analytic": analytic, "inputs": {"video": {"data-id": video}}, "parameters": {}}
    files = {"file": ("job.json", json.dumps({**request, **({"version": version} if version else {})}).encode())}
    form = {"job_name": "j", "auto_start": "true"}
    return requests.post(f"{user.v1}/jobs", files=files, data=form, headers=user.headers, timeout=30)


def job(user: User, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=30).json()["job"]
    return found


def label_after(user: User, answer: requests.Response) -> str:
    """Return the label of the first frame of a job's output, once the job has ended."""
    assert answer.status_code == 201, answer.text
    job_id = answer.json()["job"]["id"]
    wait_until(lambda: job(user, job_id)["state"] in OVER)
    assert job(user, job_id)["state"] == "COMPLETE", job(user, job_id)
    output = requests.get(f"{user.v1}/jobs/{job_id}/output", headers=user.headers, timeout=30).json()
    return str(output["frames"]["1"]["objects"]["objects"][0]["label"])


def test_python_file_becomes_an_analytic_that_runs(user, video):
    analytic_id = deployed(user, source_of())

    details = requests.get(f"{user.v1}/analytics/{analytic_id}", headers=user.headers, timeout=30).json()
    assert (details["analytic"]["name"], details["analytic"]["pending"]) == (f"{user.name}/count-frames", False)
    assert (details["info"]["description"], details["inputs"][0]["name"]) == ("Mark each frame.", "video")
    assert "ready:" in log_of(user, analytic_id)
    assert label_after(user, submit(user, f"{user.name}/count-frames", video)) == "count_frames 1.0"


def test_newest_version_runs_until_another_is_preferred(user, video):
    name = f"{user.name}/count-frames"
    first = deployed(user, source_of(version="1.0"))
    deployed(user, source_of(version="1.1"))
    newest = label_after(user, submit(user, name, video))

    url = f"{user.v1}/analytics/{first}/latest"
    assert requests.put(url, headers=user.headers, timeout=30).json()["analytic"]["latest"]

    labels = [label_after(user, submit(user, name, video, version)) for version in (None, "1.1")]
    assert (newest, *labels) == ("count_frames 1.1", "count_frames 1.0", "count_frames 1.1")


def test_failed_build_names_file_and_line_and_can_be_corrected(shared_platform, user, video):
    answer = deploy(user, source_of(at_import="raise ValueError('not yet')"))
    analytic_id = answer.json()["analytic"]["id"]
    wait_until(lambda: build_of(user, analytic_id)["state"] in ENDED)

    error = build_of(user, analytic_id)["error"]
    refused = submit(user, f"{user.name}/count-frames", video)

    assert (error["file"], error["line"]) == ("count_frames.py", 3)
    assert "not yet" in error["message"]
    assert "count_frames.py" in log_of(user, analytic_id)
    assert str(shared_platform.folder) not in log_of(user, analytic_id)
    assert refused.status_code == 400
    assert "its environment could not be built" in refused.json()["error"]["message"]
    assert deployed(user, source_of()) == analytic_id


def test_manifest_that_differs_from_its_heading_fails(user):
    lie = "from voxel51.platform import analytic as real\ndef analytic(**_): return real(version='9', name='other')"
    answer = deploy(user, source_of(at_import=lie))
    analytic_id = answer.json()["analytic"]["id"]

    wait_until(lambda: build_of(user, analytic_id)["state"] in ENDED)

    assert "the manifest says name 'other'" in build_of(user, analytic_id)["error"]["message"]


def test_bundle_cannot_take_the_name_of_another_owner(shared_platform, user, tmp_path):
    other = User.create(shared_platform, tmp_path)
    deployed(user, source_of())
    claimed = source_of().replace(b'version="1.0"', f'version="1.0", name="{user.name}/count-frames"'.encode())

    assert deploy(other, claimed).status_code == 400
    assert deploy(other, source_of(version="1.0")).json()["analytic"]["name"] == f"{other.name}/count-frames"


def test_other_owners_neither_see_nor_change_a_bundle(shared_platform, user, tmp_path):
    other = User.create(shared_platform, tmp_path)
    application = Application.create(shared_platform, tmp_path)
    analytic_id = deployed(user, source_of())
    one = f"/analytics/{analytic_id}"
    routes = [("GET", one), ("GET", f"{one}/build"), ("GET", f"{one}/build/log"), ("PUT", f"{one}/latest"),
              ("DELETE", one)]  # fmt: skip

    def ask(method: str, path: str, headers: dict[str, str]) -> int:
        return requests.request(method, f"{user.v1}{path}", headers=headers, timeout=30).status_code

    assert [ask(method, path, other.headers) for method, path in routes] == [404] * 5
    assert [ask(method, f"/apps{path}", application.headers()) for method, path in routes] == [404] * 5
    assert [ask(method, path, {}) for method, path in routes] == [401] * 5
    assert build_of(user, analytic_id)["state"] == "READY"


def test_build_survives_kills_of_the_server(shared_platform, user, video):
    analytic_id = deploy(user, source_of(at_import="import time; time.sleep(2)")).json()["analytic"]["id"]
    wait_until(lambda: build_of(user, analytic_id)["state"] == "BUILDING")
    for _ in range(2):
        shared_platform.kill()
        shared_platform.start()

    wait_until(lambda: build_of(user, analytic_id)["state"] in ENDED)

    assert build_of(user, analytic_id)["state"] == "READY", log_of(user, analytic_id)
    assert label_after(user, submit(user, f"{user.name}/count-frames", video)) == "count_frames 1.0"


def test_deleted_bundle_leaves_no_file_and_its_build_ends(shared_platform, user):
    earlier = stored_keys(shared_platform.folder)
    slow = source_of(at_import="import time\nfor _ in range(600): print('wait', flush=True); time.sleep(0.1)")
    analytic_id = deploy(user, slow).json()["analytic"]["id"]
    wait_until(lambda: "wait" in log_of(user, analytic_id), "the log does not grow during the build")
    url = f"{user.v1}/analytics/{analytic_id}"
    began = time.monotonic()

    assert requests.delete(url, headers=user.headers, timeout=30).status_code == 204

    deployed(user, source_of(version="2.0"))  # the builder is free again
    assert time.monotonic() - began < 60
    added = stored_keys(shared_platform.folder).keys() - earlier.keys()
    assert sorted(key.partition("/")[0] for key in added) == ["build-logs", "bundles"]


def test_bundle_with_jobs_is_not_deleted(user, video):
    analytic_id = deployed(user, source_of(body="import time; time.sleep(3)"))
    job_id = submit(user, f"{user.name}/count-frames", video).json()["job"]["id"]
    url = f"{user.v1}/analytics/{analytic_id}"

    assert requests.delete(url, headers=user.headers, timeout=30).status_code == 409

    wait_until(lambda: job(user, job_id)["state"] in OVER)
    assert job(user, job_id)["state"] == "COMPLETE"
    assert requests.delete(url, headers=user.headers, timeout=30).status_code == 204


def test_members_may_not_deploy_if_only_operators_may(start_platform, tmp_path):
    platform = start_platform(environment={"VOXEL51_SERVER_BUNDLE_DEPLOYERS": "operators"})
    operator, member = User.create(platform, tmp_path), User.create(platform, tmp_path)  # the first is an operator

    refused = deploy(member, source_of())

    assert refused.status_code == 403
    assert "Only operators may deploy bundles" in refused.json()["error"]["message"]
    assert deployed(operator, source_of())
    about = requests.get(f"{member.v1}/platform", timeout=30).json()
    assert about["bundle_deployers"] == "operators"


def test_bundles_count_toward_the_storage_quota(start_platform, tmp_path):
    platform = start_platform(environment={"VOXEL51_SERVER_USER_BYTES": "400"})
    user = User.create(platform, tmp_path)

    answer = deploy(user, source_of(at_import=f"TEXT = {random.Random(1).randbytes(500).hex()!r}"))

    assert answer.status_code == 507
    assert orphans(platform.folder) == []
