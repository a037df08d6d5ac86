"""Overview routes of a running platform, for operators, applications and the console."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.platforms import NO_OP, new_platform, running
from support.sandboxes import sandbox_report
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Site:
    """A platform, its operator's browser, and an application with one user who has a job."""

    platform: PlatformProcess
    operator: requests.Session
    member: User
    acme: Application

    def get(self, path: str, **headers: str) -> requests.Response:
        """Return the response to the operator."""
        return self.operator.get(f"{self.platform.url}/v1/{path}", headers=headers, timeout=20)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("overview")
    with running(new_platform(folder / "data", environment={"VOXEL51_SERVER_CONCURRENCY": "2"})) as platform:
        operator = requests.Session()
        body = {"username": "root", "password": PASSWORD}
        assert operator.post(f"{platform.url}/v1/sign-up", json=body, timeout=20).status_code == 201
        member, acme = User.create(platform, folder), Application.create(platform, folder)
        user = {"username": "someone"}
        requests.post(f"{acme.v1}/apps/users", json=user, headers=acme.headers(), timeout=20)
        _run_a_job(member.token)
        yield Site(platform, operator, member, acme)


def _run_a_job(token: Path) -> None:
    with API(Token.from_json(str(token))) as api:
        job = api.upload_job_request(JobRequest(NO_OP), "a job", auto_start=True)
        api.wait_until_job_completes(job["id"], sleep_time=0.1, max_wait_time=60)


def test_queue_is_reported(site: Site) -> None:
    overview: dict[str, Any] = site.get("admin/queue").json()

    assert overview["dispatching"] is True
    assert overview["jobs"]["total_slots"] == 2
    assert overview["states"]["COMPLETE"] == 1
    assert sum(hour["completed"] for hour in overview["throughput"]) == 1


def test_worker_reports_the_resources_of_its_machine(site: Site) -> None:
    [worker] = site.get("admin/workers").json()["workers"]

    assert (worker["engine"], worker["dispatching"], worker["jobs"]["total_slots"]) == ("local", True, 2)
    assert worker["cores"] >= 1
    assert 0 < worker["memory"]["available"] <= worker["memory"]["total"]
    assert 0 < worker["disk"]["free"] <= worker["disk"]["total"]
    assert len(worker["load"]) == 3


def test_health_reports_the_findings_of_doctor(site: Site) -> None:
    checks = {check["name"]: check for check in site.get("admin/health").json()["checks"]}

    expected = {"data folder", "disk space", "database", "dispatcher", "analytics", "extras", "isolation",
                "job limits", "containers", "bundles"}  # fmt: skip
    assert expected <= set(checks)
    assert {checks[name]["verdict"] for name in ("data folder", "database", "dispatcher")} == {"ok"}
    assert checks["isolation"]["text"].startswith(f"{sandbox_report().kind}: ")


def test_usage_is_reported_for_all_users_and_for_an_application(site: Site) -> None:
    report = site.get("admin/usage?days=2").json()
    [owner] = report["owners"]
    assert (owner["username"], owner["completed"], len(report["days"])) == (site.member.name, 1, 2)
    listed = site.get(f"admin/applications/{site.acme.name}/users").json()
    assert [(each["username"], each["completed"]) for each in listed["owners"]] == [("someone", 0)]
    own = requests.get(f"{site.acme.v1}/apps/usage", headers=site.acme.headers(), timeout=20).json()
    assert own["owners"] == listed["owners"]
    assert site.get("admin/applications/nobody/users").status_code == 404


@pytest.mark.parametrize("query", ["days=0", "days=367", "days=1.5", "days=many", "limit=0", "offset=-1", "days=nan"])
def test_invalid_numbers_are_refused_by_name(site: Site, query: str) -> None:
    answer = site.get(f"admin/usage?{query}")

    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]["message"]


def test_platform_information_needs_no_sign_in(site: Site) -> None:
    about = requests.get(f"{site.platform.url}/v1/platform", timeout=20).json()

    assert about["version"] == version("voxel51-platform")
    assert about["upload_limit_bytes"] == 1024**4
    assert requests.get(site.platform.url + about["api_reference"], timeout=20).status_code == 200


def test_details_and_lists_have_the_fields_that_the_console_shows(site: Site) -> None:
    fields = "id,name,state,analytic,version,progress,inputs,queue_position"
    answer = requests.get(f"{site.member.v1}/jobs?fields={fields}&limit=5", headers=site.member.headers, timeout=20)
    [job] = answer.json()["jobs"]
    assert set(job) == set(fields.split(","))
    assert (job["analytic"], job["inputs"], job["queue_position"]) == (NO_OP, [], None)
    details = requests.get(f"{site.member.v1}/jobs/{job['id']}", headers=site.member.headers, timeout=20).json()["job"]
    assert {name: details[name] for name in job} == job
    assert (details["failure_message"], details["eta_seconds"]) == (None, None)
