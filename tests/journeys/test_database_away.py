"""Outages of the database: requests get status 503, and no job fails because the platform was away.

A PostgreSQL server is stopped while jobs are held at each of their steps. ``OUTAGE_SECONDS`` makes the outage longer.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, text

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.holding_proxy import Gate, HoldingProxy
from support.platforms import NO_OP, PATIENT, new_platform, running
from support.postgresql import PostgreSQL, running_postgresql
from support.submissions import post_data, post_job
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.server.encryption import load_secret_key
from voxel51.server.http.signing import LinkSigner

OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", "1"))

STEPS: dict[str, tuple[str, str, bytes]] = {
    "claimed": ("POST", r"/begin$", b""),
    "mid-job": ("PUT", r"/status\?", b""),
    "complete": ("POST", r"/finish$", b"COMPLETE"),
}
"""The request at which one job each is held while the database goes away."""

WITHOUT_DATABASE = {
    "get /platform",
    "options /data/uploads",
    "get /sign-in/oidc",
    "get /sign-in/oidc/callback",
    "get /oembed",
}
"""Routes that can be served without the database, or that are switched off on this platform."""

BODIES: dict[str, dict[str, object]] = {
    "post /sign-in": {"username": "alice", "password": "wrong password"},
    "post /sign-up": {"username": "alice", "password": "a long password", "invitation": "key"},
    "post /password-resets": {"key": "key", "new_password": "a long password"},
    "post /jobs/{job_id}/finish": {"state": "COMPLETE"},
    "put /links/attempts/{attempt_id}/spans": {"spans": [], "is_complete": True},
    "put /links/attempts/{attempt_id}/status": {},
}
"""Bodies of the routes that read them before they need the database."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """A PostgreSQL server of these tests alone. It writes commits late, so that a crash would lose unsynced ones."""
    with running_postgresql("-c wal_writer_delay=10000") as own:
        yield own


@pytest.fixture(scope="module")
def proxy() -> Iterator[HoldingProxy]:
    with HoldingProxy() as proxy:
        yield proxy


@pytest.fixture(scope="module")
def away_platform(
    server: PostgreSQL, proxy: HoldingProxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlatformProcess]:
    """A platform on that server whose jobs report through the proxy."""
    environment = {
        "VOXEL51_SERVER_DATABASE_URL": server.database(),
        "VOXEL51_SERVER_JOB_URL": proxy.url,
        "VOXEL51_SERVER_CONCURRENCY": str(len(STEPS)),
        "VOXEL51_SERVER_SIGN_UP": "open",
    }
    with running(new_platform(tmp_path_factory.mktemp("away") / "data", environment=environment)) as own:
        proxy.target = own.url
        yield own


@pytest.fixture
def user(away_platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(away_platform, tmp_path)


def job(user: User, job_id: str) -> dict[str, Any]:
    answer = requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=LIMIT_SECONDS)
    return dict(answer.json()["job"])


def wait_for_ends(user: User, job_ids: list[str]) -> None:
    for job_id in job_ids:
        wait_until(lambda job_id=job_id: job(user, job_id)["state"] in {"COMPLETE", "FAILED"})


def attempts_of(platform: PlatformProcess, job_id: str) -> list[Any]:
    """Return the rows of all attempts at a job."""
    url = platform.environment["VOXEL51_SERVER_DATABASE_URL"].replace("postgresql", "postgresql+psycopg")
    engine = create_engine(url)
    with closing(engine.connect()) as connection:
        rows = connection.execute(text("SELECT * FROM attempts WHERE job_id = :id"), {"id": job_id}).all()
    engine.dispose()
    return list(rows)


def hold_jobs(user: User, proxy: HoldingProxy) -> tuple[dict[str, str], list[Gate]]:
    """Submit one job for each step, and return their ids and the gates once each is held at its step."""
    job_ids, gates = {}, []
    for step, (method, path, body) in STEPS.items():
        gate = proxy.gate(method, path, body)
        job_ids[step] = post_job(user.v1, user.headers, PATIENT, name=step, seconds=1.5)
        gate.wait()
        gates.append(gate)
    return job_ids, gates


def test_no_job_fails_because_of_an_outage_at_any_of_its_steps(
    away_platform: PlatformProcess, server: PostgreSQL, proxy: HoldingProxy, user: User
) -> None:
    held, gates = hold_jobs(user, proxy)
    waiting = [post_job(user.v1, user.headers, NO_OP, name="waiting") for _ in range(3)]

    server.stop()
    for gate in gates:
        gate.open()
    time.sleep(OUTAGE_SECONDS)
    server.start()

    wait_for_ends(user, [*held.values(), *waiting])
    for step, job_id in [*held.items(), *(("waiting", job_id) for job_id in waiting)]:
        found = job(user, job_id)
        assert found["state"] == "COMPLETE", (step, found)
        output = requests.get(f"{user.v1}/jobs/{job_id}/output", headers=user.headers, timeout=LIMIT_SECONDS)
        assert output.content == b"{}", step
        assert len(attempts_of(away_platform, job_id)) == 1, step
    assert "Traceback" not in away_platform.log.read_text(), away_platform.tail()


def test_every_route_answers_503_while_the_database_is_away(
    away_platform: PlatformProcess, server: PostgreSQL, user: User, tmp_path: Path
) -> None:
    application = Application.create(away_platform, tmp_path)
    routes = requests.get(f"{away_platform.url}/openapi.json", timeout=LIMIT_SECONDS).json()["paths"]
    signer = LinkSigner(load_secret_key(away_platform.folder / "signing.key"), 60)
    wrong = []

    server.stop()
    try:
        for path, operations in routes.items():
            for method, operation in operations.items():
                name = f"{method} {path}"
                filled = "/v1" + path.replace("{key}", "share_x").replace("{", "").replace("}", "")
                [scheme, *_] = [next(iter(each), "") for each in operation["security"]] or [""]
                headers = {
                    "user": user.headers, "session": user.headers, "application": application.headers(),
                    "agent": {"X-Voxel51-Agent": "credential"},
                }.get(scheme, {})  # fmt: skip
                query = f"?{signer.query(method.upper(), filled)}" if scheme == "link" else ""
                if name in WITHOUT_DATABASE:
                    continue
                answer = requests.request(
                    method, away_platform.url + filled + query, headers=headers, json=BODIES.get(name),
                    timeout=LIMIT_SECONDS,
                )  # fmt: skip
                if answer.status_code != 503 or int(answer.headers["Retry-After"]) < 1:
                    wrong.append((name, answer.status_code, answer.text[:100]))
    finally:
        server.start()

    assert wrong == []
    assert "Traceback" not in away_platform.log.read_text(), away_platform.tail()


def test_the_end_of_a_job_survives_a_crash_of_the_database_with_its_output_and_log(
    away_platform: PlatformProcess, server: PostgreSQL, user: User
) -> None:
    job_id = post_job(user.v1, user.headers, NO_OP)
    wait_for_ends(user, [job_id])

    server.kill()
    server.start()

    url = f"{user.v1}/jobs/{job_id}"
    wait_until(lambda: requests.get(url, headers=user.headers, timeout=LIMIT_SECONDS).status_code == 200)
    found = job(user, job_id)
    assert (found["state"], found["failure_type"]) == ("COMPLETE", "NONE"), found
    assert found["start_date"] is not None
    output = requests.get(f"{user.v1}/jobs/{job_id}/output", headers=user.headers, timeout=LIMIT_SECONDS)
    assert (output.status_code, output.content) == (200, b"{}")
    [attempt] = attempts_of(away_platform, job_id)
    assert attempt.log_key is not None


def test_accepted_upload_survives_a_crash_of_the_database(server: PostgreSQL, user: User, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"accepted")
    data_id = post_data(user.v1, user.headers, path)

    server.kill()
    server.start()

    def download() -> requests.Response:
        url = f"{user.v1}/data/{data_id}/download"
        return requests.get(url, headers=user.headers, timeout=LIMIT_SECONDS)

    wait_until(lambda: download().status_code != 503)
    assert download().content == b"accepted"
