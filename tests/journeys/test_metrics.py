"""Metrics and probes of a running platform, and the dashboard and alerts that use them."""

import json
import re
from pathlib import Path

import requests

from support.accounts import User
from support.metrics import monitor_headers, scrape, value
from support.platforms import NO_OP, StartPlatform
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until

DEPLOY = Path(__file__).parents[2] / "deploy" / "monitoring"
CRASH = "journeys/crash"


def test_jobs_and_requests_are_counted(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    user, headers = User.create(platform, tmp_path), monitor_headers(platform, tmp_path)
    assert not [name for name, _ in scrape(platform, headers) if name == "voxel51_jobs_total"]

    jobs = [post_job(user.v1, user.headers, analytic) for analytic in (NO_OP, NO_OP, CRASH)]

    def have_ended() -> bool:
        states = [requests.get(f"{user.v1}/jobs/{job}", headers=user.headers, timeout=LIMIT_SECONDS) for job in jobs]
        return all(answer.json()["job"]["state"] in ("COMPLETE", "FAILED") for answer in states)

    wait_until(have_ended, "the jobs did not end")
    first, second = scrape(platform, headers), scrape(platform, headers)

    counted = {"analytic": NO_OP, "failure_type": ""}
    for event in ("queued", "started", "completed"):
        assert value(first, "voxel51_jobs_total", event=event, **counted) == 2
    failed = {"event": "failed", "analytic": CRASH, "failure_type": "ANALYTIC"}
    assert value(first, "voxel51_jobs_total", **failed) == value(second, "voxel51_jobs_total", **failed) == 1
    assert value(first, "voxel51_jobs_in_state", state="COMPLETE", internal="false") == 2
    assert value(first, "voxel51_job_run_seconds_total", analytic=NO_OP) > 0
    assert value(first, "voxel51_slots", kind="jobs", use="total") >= 1
    assert value(first, "voxel51_dispatching") == 1
    asked = {"method": "POST", "route": "/jobs"}
    assert value(first, "voxel51_requests_total", status="201", **asked) == 3
    assert value(first, "voxel51_request_seconds_count", **asked) == 3
    scraped = {"method": "GET", "route": "/metrics", "status": "200"}
    assert value(second, "voxel51_requests_total", **scraped) == value(first, "voxel51_requests_total", **scraped) + 1


def test_dashboard_and_alerts_use_metrics_that_exist(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    user, headers = User.create(platform, tmp_path), monitor_headers(platform, tmp_path)
    job = post_job(user.v1, user.headers, CRASH)
    url = f"{user.v1}/jobs/{job}"
    wait_until(
        lambda: requests.get(url, headers=user.headers, timeout=LIMIT_SECONDS).json()["job"]["state"] == "FAILED",
        "the job did not fail",
    )

    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += re.findall(r"expr: (.+)", (DEPLOY / "alerts.yaml").read_text())
    used = {name for text in expressions for name in re.findall(r"\b(?:voxel51|process)_\w+", text)}

    assert len(used) > 10
    assert used <= {name for name, _ in scrape(platform, headers)}


def test_metrics_require_the_scope_to_monitor_which_allows_nothing_else(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    platform = start_platform()
    user, headers = User.create(platform, tmp_path), monitor_headers(platform, tmp_path)

    def status(path: str, headers: dict[str, str]) -> int:
        return requests.get(f"{platform.url}{path}", headers=headers, timeout=LIMIT_SECONDS).status_code

    assert status("/v1/metrics", {}) == 401
    assert status("/v1/metrics", user.headers) == 403
    assert status("/v1/metrics", headers) == 200
    assert {status(f"/v1/{path}", headers) for path in ("jobs", "data", "admin/users", "admin/queue")} == {403}


def test_probes_say_whether_the_platform_can_work(start_platform: StartPlatform) -> None:
    platform = start_platform()

    alive = requests.get(f"{platform.url}/healthz", timeout=LIMIT_SECONDS)
    ready = requests.get(f"{platform.url}/readyz", timeout=LIMIT_SECONDS)

    assert (alive.status_code, alive.text) == (200, "ok\n")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "failing": []})
    assert ready.headers["cache-control"] == "no-store"


def test_platform_without_space_is_alive_and_not_ready(start_platform: StartPlatform) -> None:
    platform = start_platform(environment={"VOXEL51_SERVER_DISK_RESERVE_BYTES": str(2**60)})

    def readiness() -> requests.Response:
        return requests.get(f"{platform.url}/readyz", timeout=LIMIT_SECONDS)

    wait_until(lambda: readiness().status_code == 503, "the platform is ready")  # after the dispatcher's first pass
    assert readiness().json() == {"ready": False, "failing": ["dispatcher"]}
    assert requests.get(f"{platform.url}/healthz", timeout=LIMIT_SECONDS).status_code == 200
