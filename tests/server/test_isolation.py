"""Access control: every route of the platform is requested by every kind of caller that has no right to it.

The routes are read from the platform's API description, so a new route without an expectation fails the test.
"""

import hashlib
import itertools
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.platforms import new_platform, running
from support.stored_files import database_path
from support.waiting import LIMIT_SECONDS
from voxel51.server.accounts.tokens import hash_key
from voxel51.server.encryption import load_secret_key
from voxel51.server.http.cookies import cookies_of
from voxel51.server.http.signing import LinkSigner

LISTS = {"get /data/list", "get /jobs/list", "get /data", "get /jobs"}
"""Lists, which show another user only their own objects: none."""

FOR_ALL_USERS = {
    "get /analytics/list", "get /analytics", "get /analytics/{analytic_id}", "get /analytics/{analytic_id}/doc",
    "get /labels", "get /labels/names", "get /labels/sql",
    "get /labels/charts", "get /labels/charts/{chart}", "get /labels/moments", "get /datasets", "post /datasets",
    "get /schedules", "post /schedules",
    "get /pipelines", "post /pipelines", "get /pipeline-runs",
    "get /rules", "post /rules", "get /data/sources", "post /data/sources",
    "get /batches", "post /batches", "post /batches/estimate",
    "get /reviews", "get /reviews/scores",
    "get /data/tags", "get /collections", "post /collections", "get /searches",
    "put /searches/{search_name}", "delete /searches/{search_name}",
    "get /status/all", "get /events", "post /data", "patch /data", "post /jobs", "post /data/batch", "post /jobs/batch",
    "post /data/uploads", "post /analytics", "post /analytics/{analytic_id}/images", "delete /analytics/{analytic_id}",
    "post /analytics/bundles", "get /analytics/{analytic_id}/build", "get /analytics/{analytic_id}/build/log",
    "put /analytics/{analytic_id}/latest", "post /data/url", "post /data/reuse", "get /account",
    "get /account/export", "get /account/audit", "get /account/tokens",
    "post /account/tokens", "get /account/sessions", "get /account/usage", "put /account/password", "delete /account",
    "post /sign-out", "post /account/tokens/{token_id}/rotate", "delete /account/tokens/{token_id}",
    "delete /account/sessions/{session_id}", "post /account/oidc", "delete /account/oidc",
}  # fmt: skip
"""Routes that every user may use."""

OWNED = {
    "get /data/{data_id}", "get /data/{data_id}/download", "get /data/{data_id}/download-url",
    "put /data/{data_id}/ttl", "delete /data/{data_id}", "patch /data/{data_id}",
    "get /collections/{collection_id}", "patch /collections/{collection_id}", "delete /collections/{collection_id}",
    "post /collections/{collection_id}/members", "get /collections/{collection_id}/data",
    "get /collections/{collection_id}/data/{data_id}", "get /collections/{collection_id}/data/{data_id}/download",
    "get /collections/{collection_id}/data/{data_id}/poster", "get /collections/{collection_id}/data/{data_id}/jobs",
    "get /collections/{collection_id}/shares",
    "put /collections/{collection_id}/shares/{username}", "delete /collections/{collection_id}/shares/{username}",
    "get /jobs/{job_id}", "get /jobs/{job_id}/request", "get /jobs/{job_id}/status", "get /jobs/{job_id}/output",
    "get /jobs/{job_id}/partial", "get /jobs/{job_id}/activity",
    "get /jobs/{job_id}/output-url", "get /jobs/{job_id}/log", "get /jobs/{job_id}/log-url",
    "put /jobs/{job_id}/start", "put /jobs/{job_id}/kill", "put /jobs/{job_id}/archive",
    "put /jobs/{job_id}/unarchive", "delete /jobs/{job_id}", "put /jobs/{job_id}/ttl",
    "post /jobs/{job_id}/retry-parts",
    "post /jobs/{job_id}/shares", "get /jobs/{job_id}/shares", "delete /jobs/{job_id}/shares/{share_id}",
    "get /data/{data_id}/renditions", "get /data/{data_id}/renditions/playable",
    "get /data/{data_id}/renditions/index", "get /data/{data_id}/renditions/poster",
    "get /data/{data_id}/renditions/thumbnails", "get /data/{data_id}/renditions/frame",
    "get /data/{data_id}/renditions/clip",
    "get /jobs/{job_id}/renditions", "get /jobs/{job_id}/renditions/annotated",
    "get /jobs/{job_id}/renditions/sheet", "get /jobs/{job_id}/renditions/frame",
    "get /jobs/{job_id}/renditions/labels", "get /jobs/{job_id}/renditions/evaluation",
    "get /jobs/{job_id}/renditions/comparison", "get /jobs/{job_id}/renditions/charts",
    "get /jobs/{job_id}/reviews", "post /jobs/{job_id}/reviews", "get /jobs/{job_id}/reviews/{version}",
    "get /jobs/{job_id}/reviews/{version}/labels", "delete /jobs/{job_id}/reviews/{version}",
    "get /datasets/{dataset_id}", "delete /datasets/{dataset_id}",
    *(f"{method} /datasets/{{dataset_id}}/renditions{kind}" for method in ("get", "delete") for kind in
      ("", "/archive", "/estimate")),
    *(f"delete /data/{{data_id}}/renditions{kind}" for kind in
      ("", "/playable", "/index", "/poster", "/thumbnails", "/frame", "/clip")),
    *(f"delete /jobs/{{job_id}}/renditions{kind}" for kind in
      ("", "/annotated", "/sheet", "/frame", "/labels", "/evaluation", "/comparison", "/charts")),
    "delete /data/sources/{source_id}", "get /rules/{rule_id}", "delete /rules/{rule_id}", "get /rules/{rule_id}/items",
    *(f"put /rules/{{rule_id}}/{change}" for change in ("pause", "resume", "retry")),
    *(f"{method} /schedules/{{schedule_id}}" for method in ("get", "patch", "delete")),
    "get /schedules/{schedule_id}/runs",
    *(f"put /schedules/{{schedule_id}}/{change}" for change in ("pause", "resume")),
    "get /batches/{batch_id}", "get /batches/{batch_id}/items",
    "get /pipelines/{pipeline_id}", "get /pipelines/{pipeline_id}/versions", "delete /pipelines/{pipeline_id}",
    "get /pipelines/{pipeline_id}/shares",
    *(f"{method} /pipelines/{{pipeline_id}}/shares/{{username}}" for method in ("put", "delete")),
    "post /pipelines/{pipeline_id}/runs", "get /pipeline-runs/{run_id}", "delete /pipeline-runs/{run_id}",
    *(f"put /pipeline-runs/{{run_id}}/{change}" for change in ("cancel", "retry")),
    *(f"put /batches/{{batch_id}}/{change}" for change in
      ("pause", "resume", "cancel", "retry", "archive", "unarchive")),
    "head /data/uploads/{upload_id}", "patch /data/uploads/{upload_id}", "delete /data/uploads/{upload_id}",
    "get /data/uploads/{upload_id}/parts", "post /data/uploads/{upload_id}/complete",
}  # fmt: skip
APPLICATIONS = {
    "get /apps/analytics/list", "get /apps/analytics", "get /apps/analytics/{analytic_id}",
    "get /apps/analytics/{analytic_id}/doc", "get /apps/data", "get /apps/jobs", "post /apps/users",
    "get /apps/users/list", "get /apps/status/all", "post /apps/analytics",
    "get /apps/result-sharing", "put /apps/result-sharing",
    "post /apps/analytics/{analytic_id}/images", "delete /apps/analytics/{analytic_id}",
    "delete /apps/users/{username}", "get /apps/usage", "post /apps/analytics/bundles",
    "get /apps/analytics/{analytic_id}/build", "get /apps/analytics/{analytic_id}/build/log",
    "put /apps/analytics/{analytic_id}/latest", "get /apps/usage/months/{month}", "get /apps/usage/table",
}  # fmt: skip
"""Routes that every application may use."""

CALLERS = {"post /analytics/batch", "get /webhooks", "post /webhooks", "get /secrets"}
"""Routes that all users and applications may use."""

OPERATORS = {
    "get /admin/users", "post /admin/users", "patch /admin/users/{username}", "delete /admin/users/{username}",
    "post /admin/users/{username}/password-reset", "post /admin/invitations", "get /admin/applications",
    "post /admin/applications", "get /admin/applications/{name}/tokens", "post /admin/applications/{name}/tokens",
    "delete /admin/applications/{name}/tokens/{token_id}", "get /admin/audit", "get /admin/settings",
    "get /admin/jobs/{job_id}/activity",
    "get /admin/queue/controls", "put /admin/queue/pause", "put /admin/queue/resume", "put /admin/queue/limit",
    "get /admin/queue", "get /admin/workers", "get /admin/health", "get /admin/usage",
    "get /admin/usage/months/{month}", "get /admin/usage/table",
    "get /admin/applications/{name}/users",
    "get /admin/users/{username}/quota", "put /admin/users/{username}/quota", "put /admin/applications/{name}/quota",
    "get /admin/network", "put /admin/analytics/{analytic_id}/network", "delete /admin/analytics/{analytic_id}/network",
}  # fmt: skip
"""Routes that require the scope to administer the platform."""

MONITORS = {"get /metrics"}
"""Routes that require the scope to monitor the platform."""

WIDER_SCOPES = {
    "post /webhooks": {"manage", "read"}, "patch /webhooks/{webhook_id}": {"manage", "read"},
    "post /jobs/{job_id}/shares": {"manage", "read"},
    "post /collections/{collection_id}/members": {"upload", "read"}, "post /data/sources": {"upload", "read"},
    "put /collections/{collection_id}/shares/{username}": {"manage", "read"},
    "put /pipelines/{pipeline_id}/shares/{username}": {"manage", "read"},
    "put /secrets/{secret_name}": {"manage", "run"},
}  # fmt: skip
"""Routes that let others read records of the caller, or jobs use a secret, and therefore require a further scope."""

OF_ACCOUNTS = {
    "post /account/tokens/{token_id}/rotate", "delete /account/tokens/{token_id}",
    "delete /account/sessions/{session_id}",
}  # fmt: skip
"""Routes that name a credential of the caller; the one in the paths is alice's."""

OF_ANALYTICS = {
    f"{verb} {prefix}/analytics/{{analytic_id}}{path}"
    for prefix in ("", "/apps")
    for verb, path in (
        ("post", "/images"),
        ("delete", ""),
        ("get", "/build"),
        ("get", "/build/log"),
        ("put", "/latest"),
    )
}
"""Routes by which owners change their analytics; the one in the paths is the platform's."""

HELD = {
    "get /webhooks/{webhook_id}", "patch /webhooks/{webhook_id}", "delete /webhooks/{webhook_id}",
    "post /webhooks/{webhook_id}/secret", "post /webhooks/{webhook_id}/test", "get /webhooks/{webhook_id}/deliveries",
    "post /webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
}  # fmt: skip
"""Routes of objects that belong to a user, or to an application itself."""

SECRETS = {"put /secrets/{secret_name}", "delete /secrets/{secret_name}"}
"""Routes that name a secret of the caller: other callers have secrets of the same name."""

AGENTS = {
    "post /jobs/{job_id}/begin", "post /jobs/{job_id}/finish", "put /jobs/{job_id}/state",
    "post /jobs/{job_id}/metadata", "post /jobs/{job_id}/data", "put /jobs/{job_id}/partial/{number}",
    "put /jobs/{job_id}/activity",
    "get /jobs/{job_id}/partial/{number}", "get /jobs/{job_id}/checkpoint", "put /jobs/{job_id}/checkpoint",
    "get /jobs/{job_id}/url/data", "get /jobs/{job_id}/url/{what}",
}  # fmt: skip
LINKS = {
    "get /links/data/{data_id}", "get /links/jobs/{job_id}/output", "get /links/jobs/{job_id}/log",
    "get /links/attempts/{attempt_id}/task", "get /links/attempts/{attempt_id}/inputs/{name}",
    "get /links/attempts/{attempt_id}/parts/{number}",
    "get /links/attempts/{attempt_id}/parameters/{name}", "put /links/attempts/{attempt_id}/status",
    "put /links/attempts/{attempt_id}/log", "put /links/attempts/{attempt_id}/output",
    "put /links/attempts/{attempt_id}/spans", "get /links/analytics/{analytic_id}/{name}",
}  # fmt: skip
UNAUTHENTICATED = {
    "options /data/uploads", "get /sign-in", "post /sign-in", "post /sign-up", "post /password-resets",
    "get /platform", "get /sign-in/oidc", "get /sign-in/oidc/callback", "get /shared/{key}", "get /shared/{key}/output",
    "get /oembed",
    "get /shared/{key}/renditions/annotated", "get /shared/{key}/renditions/sheet", "get /shared/{key}/partial",
}  # fmt: skip
"""Routes that require no credential."""

SCOPES = {"read", "upload", "run", "manage"}
OF_ATTEMPTS = {route for route in LINKS if "{attempt_id}" in route}
MANIFEST: dict[str, Any] = {
    "info": {"name": "n", "version": "1", "description": "d", "supports_cpu": True, "supports_gpu": False},
    "inputs": [],
    "parameters": [],
    "outputs": [],
    "zip_outputs": False,
}

SECRET = b"a secret"
"""Content of each file in the world."""

BATCH = {"analytic": "journeys/no-op", "selection": {"data_ids": ["a"]}}
PIPELINE = {"name": "p", "steps": [{"name": "s", "analytic": "journeys/no-op"}]}
BODIES = {
    "patch /data/{data_id}": {"add_tags": ["stolen"]},
    "patch /data": {"add_tags": ["own"], "search": ""}, "post /collections": {"name": "of another"},
    "patch /collections/{collection_id}": {"name": "stolen"},
    "post /collections/{collection_id}/members": {"action": "remove", "search": "name:a"},
    "put /collections/{collection_id}/shares/{username}": {"role": "viewer"},
    "put /searches/{search_name}": {"search": "tag:a"},
    "put /data/{data_id}/ttl": {"days": "-9"}, "put /jobs/{job_id}/ttl": {"days": "-9"},
    "put /jobs/{job_id}/state": {"state": "FAILED"}, "post /jobs/{job_id}/finish": {"state": "FAILED"},
    "put /links/attempts/{attempt_id}/status": {},
    "put /links/attempts/{attempt_id}/spans": {"spans": [], "is_complete": True},
    "post /jobs/{job_id}/metadata": {"frame_count": 1, "duration_seconds": 1, "size_bytes": 1},
    "post /apps/users": {"username": "mallory"}, "put /apps/result-sharing": {"enabled": False},
    "put /secrets/{secret_name}": {"value": "secret"},
    "post /webhooks": {"url": "http://127.0.0.1:9/"}, "patch /webhooks/{webhook_id}": {"enabled": False},
    "post /data/url": {"signed_url": "http://127.0.0.1:9/", "filename": "a", "mimetype": "a/b", "size": 1},
    "post /data/reuse": {"sha256": hashlib.sha256(SECRET).hexdigest(), "size": len(SECRET)},
    "post /jobs/{job_id}/reviews": {"base": 0, "edits": [{"edit": "accept", "tracks": [1]}]},
    "post /datasets": {"name": "d", "options": {"format": "coco"}, "jobs": ["a"]},
    "post /data/sources": {"location": "/recordings"},
    "post /rules": {"trigger": "upload", "runs": [{"analytic": "a"}]},
    "post /schedules": {"cron": "0 3 * * *", "run": {"type": "batch", "batch": BATCH}},
    "patch /schedules/{schedule_id}": {"name": "stolen"},
    "post /pipelines": {"document": PIPELINE}, "post /pipelines/{pipeline_id}/runs": {},
    "post /batches": BATCH, "post /batches/estimate": BATCH,
    "post /data/batch": {"action": "delete", "ids": []}, "post /jobs/batch": {"action": "kill", "ids": []},
    "post /analytics/batch": {"action": "details", "ids": []},
    "post /account/tokens": {"name": "n"}, "post /account/tokens/{token_id}/rotate": {},
    "put /admin/users/{username}/quota": {"bytes": 1}, "put /admin/applications/{name}/quota": {"bytes": 1},
    "post /jobs/{job_id}/shares": {},
    "put /account/password": {"new_password": "short"}, "post /admin/users": {"username": "mallory"},
    "patch /admin/users/{username}": {"role": "viewer"}, "post /admin/invitations": {},
    "post /admin/applications": {"name": "mallory"}, "post /admin/applications/{name}/tokens": {"name": "n"},
    "post /sign-in": {"username": "alice", "password": "wrong"},
    "post /password-resets": {"key": "k", "new_password": "long enough"},
    "post /sign-up": {"username": "mallory", "password": "mallory's"},
}  # fmt: skip
PIECES = {"Tus-Resumable": "1.0.0", "Upload-Length": "9", "Upload-Offset": "0"}
PIECE = {**PIECES, "Content-Type": "application/offset+octet-stream"}
HEADERS = {
    "post /data/uploads": PIECES, "head /data/uploads/{upload_id}": PIECES, "delete /data/uploads/{upload_id}": PIECES,
    "patch /data/uploads/{upload_id}": PIECE,
}  # fmt: skip


@dataclass(eq=False)
class World:
    """A platform where two users have data and a complete job each, and others have nothing.

    Attributes:
        alice: a user of the platform, with data and jobs.
        bob: another user, with nothing.
        revoked: a user whose token was revoked.
        expired: a user whose token has expired.
        small: credentials of alice with one scope each, and of a viewer, as headers.
        acme: an application with a user named like alice, who has data and a job, and one named like bob.
        globex: another application, whose users of the same names have nothing.
        ended: an application whose token was revoked.
        path: values of the placeholders in paths: alice's objects.
        path_of_acme: the same for those of acme's user.
    """

    platform: PlatformProcess
    alice: User
    bob: User
    revoked: User
    expired: User
    small: dict[str, dict[str, str]]
    acme: Application
    globex: Application
    ended: Application
    path: dict[str, str]
    path_of_acme: dict[str, str]

    def url(self, route: str) -> str:
        return "/v1" + route.partition(" ")[2].format_map(self.path)

    def ask(self, route: str, query: str = "", method: str = "", **headers: str) -> requests.Response:
        url = self.platform.url + self.url(route) + query
        method = method or route.partition(" ")[0].upper()
        headers = {**HEADERS.get(route, {}), **headers}
        return requests.request(method, url, headers=headers, json=BODIES.get(route), timeout=20)

    def sign(self, route: str, lifetime_seconds: int = 60, method: str = "") -> str:
        signer = LinkSigner(load_secret_key(self.platform.folder / "signing.key"), lifetime_seconds)
        return "?" + signer.query(method or route.partition(" ")[0].upper(), self.url(route))

    def at_acme(self) -> "World":
        """The same world, its paths leading to what acme's user has."""
        return replace(self, path=self.path_of_acme)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("isolation")
    environment = {
        "VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1:9",
        "VOXEL51_SERVER_USER_SOURCE_LOCATIONS": str(folder / "recordings"),
    }
    with running(new_platform(folder / "data", environment=environment)) as platform:
        alice, bob, revoked = (User.create(platform, folder) for _ in range(3))
        acme, globex, ended = (Application.create(platform, folder) for _ in range(3))
        [token_id, *_] = platform.run_command("server", "user", "tokens", revoked.name).split()
        platform.run_command("server", "user", "tokens", revoked.name, "--revoke", token_id)
        [token_id, *_] = platform.run_command("server", "app", "tokens", ended.name).split()
        platform.run_command("server", "app", "tokens", ended.name, "--revoke", token_id)
        for application, name in itertools.product((acme, globex), (alice.name, bob.name)):
            body = {"username": name}
            created = requests.post(f"{acme.v1}/apps/users", json=body, headers=application.headers(), timeout=20)
            assert created.status_code == 201
        jobs = [_upload_and_run(platform, alice.headers) for _ in range(3)]
        own = _upload_and_run(platform, acme.headers(alice.name))
        expired = User.create(platform, folder)
        past = "UPDATE tokens SET expires_at = '2020-01-01 00:00:00.000000' WHERE user_id ="
        _in_database(platform, f"{past} (SELECT id FROM users WHERE name = ?)", expired.name)
        small = {scope: _small_token(platform, folder, alice, scope) for scope in SCOPES}
        [token_id, *_] = platform.run_command("server", "user", "tokens", alice.name).split()
        for names in (jobs[0], own):
            names |= {
                "token_id": token_id,
                "session_id": token_id,
                "share_id": "s",
                "key": "share_guess",
                "username": alice.name,
                "name": "video",
                "month": "2026-11",
            }
        people = (alice, bob, revoked, expired, small, acme, globex, ended)
        yield _with_attempts(World(platform, *people, jobs[0], own), [job["job_id"] for job in jobs])


def _upload_and_run(platform: PlatformProcess, headers: dict[str, str]) -> dict[str, str]:
    """Create data and a complete job as the user of ``headers``; return the values of the placeholders in paths."""
    v1, files = f"{platform.url}/v1", {"file": ("a.txt", SECRET)}
    data = requests.post(f"{v1}/data", files=files, headers=headers, timeout=20).json()["data"]
    request = {"analytic": "journeys/no-op", "inputs": {}, "parameters": {}}
    files = {"file": ("job.json", json.dumps(request).encode())}
    form = {"job_name": "j", "auto_start": "true"}
    job = requests.post(f"{v1}/jobs", data=form, files=files, headers=headers, timeout=20).json()["job"]
    deadline = time.monotonic() + LIMIT_SECONDS
    while requests.get(f"{v1}/jobs/{job['id']}", headers=headers, timeout=20).json()["job"]["state"] != "COMPLETE":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    named = {"what": "output", "name": "video", "secret_name": "hub_token", "number": "1"}
    begun = requests.post(f"{v1}/data/uploads", headers={**PIECES, **headers}, timeout=20).headers["Location"]
    named["upload_id"] = begun.rpartition("/")[2]
    body = BODIES["post /webhooks"]
    made = requests.post(f"{v1}/webhooks", json=body, headers=headers, timeout=20).json()["webhook"]
    named["webhook_id"] = made["id"]
    sent = requests.post(f"{v1}/webhooks/{made['id']}/test", headers=headers, timeout=20).json()["delivery"]
    named["delivery_id"] = sent["id"]
    named["batch_id"] = f"batch of {job['id']}"[:36]
    _in_database(
        platform,
        "INSERT INTO batches SELECT ?, owner_id, application_id, 'b', 'ENDED', 0, 'a', '1', 'BEST', 'video', '[{}]', "
        "1, 0, 0, '{}', upload_date, NULL, NULL FROM jobs WHERE id = ?",
        named["batch_id"],
        job["id"],
    )
    named["rule_id"] = f"rule of {job['id']}"[:36]
    _in_database(
        platform,
        "INSERT INTO rules SELECT ?, owner_id, application_id, 'r', 'PAUSED', 'upload', NULL, NULL, '[]', upload_date "
        "FROM jobs WHERE id = ?",
        named["rule_id"],
        job["id"],
    )
    saved = requests.post(f"{v1}/pipelines", json={"document": PIPELINE}, headers=headers, timeout=20).json()
    named["pipeline_id"] = saved["pipeline"]["id"]
    named["run_id"] = f"run of {job['id']}"[:36]
    _in_database(
        platform,
        "INSERT INTO pipeline_runs SELECT ?, owner_id, 'r', NULL, 'p', 1, '{}', '{}', '{}', NULL, upload_date, "
        "NULL, NULL FROM jobs WHERE id = ?",
        named["run_id"],
        job["id"],
    )
    _in_database(
        platform,
        "INSERT INTO pipeline_run_steps (run_id, number, name, request, job_id) "
        'SELECT ?, 1, \'s\', \'{"analytic": "a", "version": "1", "inputs": {}}\', id FROM jobs WHERE id = ?',
        named["run_id"],
        job["id"],
    )
    named["schedule_id"] = f"schedule of {job['id']}"[:36]
    _in_database(
        platform,
        "INSERT INTO schedules SELECT ?, owner_id, application_id, 's', 'PAUSED', '0 3 * * *', 'UTC', 'run_once', "
        '\'{"type": "batch"}\', NULL, upload_date FROM jobs WHERE id = ?',
        named["schedule_id"],
        job["id"],
    )
    named["dataset_id"] = f"dataset of {job['id']}"[:36]
    _in_database(
        platform,
        "INSERT INTO datasets SELECT ?, owner_id, 'd', '{}', 1, upload_date FROM jobs WHERE id = ?",
        named["dataset_id"],
        job["id"],
    )
    named["version"] = "1"
    _in_database(
        platform,
        "INSERT INTO reviews SELECT ?, owner_id, id, 1, 0, 'r', upload_date, '', '[]', '{}', 0, 0, 'reviews/none', '', "
        "0 FROM jobs WHERE id = ?",
        f"review of {job['id']}"[:36],
        job["id"],
    )
    recordings = platform.folder.parent / "recordings" / job["id"]
    recordings.mkdir(parents=True)
    source = requests.post(f"{v1}/data/sources", json={"location": str(recordings)}, headers=headers, timeout=20)
    named["source_id"] = source.json()["source"]["id"]
    created = requests.post(f"{v1}/collections", json={"name": f"of {job['id']}"}, headers=headers, timeout=20)
    named["collection_id"] = created.json()["collection"]["id"]
    members = f"{v1}/collections/{named['collection_id']}/members"
    added = requests.post(members, json={"action": "add", "ids": [data["id"]]}, headers=headers, timeout=20)
    assert added.json()["changed"] == 1
    named["search_name"], named["chart"] = "s", "classes"
    return {"data_id": data["id"], "job_id": job["id"], "analytic_id": job["analytic_id"], **named}


def _small_token(platform: PlatformProcess, folder: Path, user: User, scope: str) -> dict[str, str]:
    path = folder / f"{scope}.json"
    platform.run_command("server", "user", "token", user.name, "--out", str(path), "--scope", scope)
    return {"Authorization": f"Bearer {json.loads(path.read_text())['access_token']['private_key']}"}


def _in_database(platform: PlatformProcess, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database_path(platform.folder))) as connection, connection:
        return connection.execute(statement, values).fetchall()


def _with_attempts(world: World, jobs: list[str]) -> World:
    """Give attempts credentials that the test knows: ``mine`` and ``old attempt`` at the first job, ``other job`` at
    the second, ``past grace`` at the third."""

    def database(statement: str, *values: object) -> list[tuple[Any, ...]]:
        return _in_database(world.platform, statement, *values)

    current, other, past = (database("SELECT attempt_id FROM jobs WHERE id = ?", job)[0][0] for job in jobs)
    columns = [name for (_, name, *_) in database("PRAGMA table_info(attempts)")]
    copied = ", ".join({"id": "'old'", "credential_hash": "'old'"}.get(name, name) for name in columns)
    database(f"INSERT INTO attempts SELECT {copied} FROM attempts WHERE id = ?", current)
    known = {"mine": current, "old attempt": "old", "other job": other, "past grace": past}
    for credential, attempt_id in known.items():
        database("UPDATE attempts SET credential_hash = ? WHERE id = ?", hash_key(credential), attempt_id)
    database("UPDATE jobs SET completion_date = '2020-01-01 00:00:00.000000' WHERE id = ?", jobs[2])
    world.path["attempt_id"] = current
    world.path["past_job_id"], world.path["past_attempt_id"] = jobs[2], past
    return world


def test_every_route_has_an_expectation(world: World) -> None:
    document = requests.get(f"{world.platform.url}/openapi.json", timeout=20).json()

    routes = {f"{method} {path}" for path, operations in document["paths"].items() for method in operations}
    security = {
        f"{method} {path}": [*itertools.chain(*operation["security"])]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    of_anybody = LISTS | FOR_ALL_USERS | OWNED | OPERATORS | MONITORS
    assert routes == of_anybody | APPLICATIONS | CALLERS | HELD | SECRETS | AGENTS | LINKS | UNAUTHENTICATED
    of_users = ["user", "session", "application", "active_user"]
    of_callers = ["user", "session", "application", "application", "active_user"]
    assert {route for route in routes if security[route] == of_callers} == CALLERS | HELD | SECRETS
    assert {route for route in routes if security[route] == of_users} == of_anybody
    assert {route for route in routes if security[route] == ["application"]} == APPLICATIONS
    assert {route for route in routes if security[route] == ["agent"]} == AGENTS
    assert {route for route in routes if security[route] == ["link"]} == LINKS
    assert {route for route in routes if not security[route]} == UNAUTHENTICATED


def assert_refused(answer: requests.Response, status: int) -> None:
    assert answer.status_code == status, (answer.request.url, answer.text)
    if answer.request.method != "HEAD":
        assert answer.json()["error"]["code"] == status


@pytest.mark.parametrize("route", sorted(LISTS | FOR_ALL_USERS | OWNED | OPERATORS | MONITORS))
def test_user_routes_require_valid_token(world: World, route: str) -> None:
    signature = world.sign(route)
    for headers in (
        {},
        {"Authorization": "Bearer v51_wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {world.alice.key}"},
        {"Authorization": world.alice.key},
        world.revoked.headers,
        world.expired.headers,
        {"Cookie": f"{cookies_of(world.platform.url).session}=wrong"},
        {"Cookie": f"{cookies_of(world.platform.url).session}={world.alice.key}"},
        {"X-Voxel51-Agent": "mine"},
        {"X-Voxel51-Agent": world.alice.key},
        world.ended.headers(),
        world.ended.headers(world.alice.name),
        {"x-voxel51-application": world.alice.key},
        {"x-voxel51-application": "v51_wrong", "x-voxel51-application-user": world.alice.name},
        {"x-voxel51-application-user": world.alice.name},
        {"Authorization": f"Bearer {world.acme.key}"},
    ):
        assert_refused(world.ask(route, **headers), 401)
    assert_refused(world.ask(route, signature), 401)
    assert_refused(world.ask(route, **world.acme.headers()), 403)
    assert_refused(world.ask(route, **world.acme.headers("nobody")), 404)


@pytest.mark.parametrize("route", sorted(APPLICATIONS))
def test_application_routes_require_application_token(world: World, route: str) -> None:
    signature = world.sign(route)
    for headers in (
        {},
        world.alice.headers,
        {"x-voxel51-application": "v51_wrong"},
        {"x-voxel51-application": world.alice.key},
        {"x-voxel51-application": ""},
        {"Authorization": f"Bearer {world.acme.key}"},
        {"X-Voxel51-Agent": "mine"},
        world.ended.headers(),
    ):
        assert_refused(world.ask(route, **headers), 401)
    assert_refused(world.ask(route, signature), 401)
    changed = {"post /apps/users": 201, **dict.fromkeys(OF_ANALYTICS, 403), "post /apps/analytics": 400}
    changed["post /apps/analytics/bundles"] = 400
    changed["delete /apps/users/{username}"] = 400  # not confirmed
    assert world.ask(route, **world.acme.headers()).status_code == changed.get(route, 200)
    again = {**changed, "post /apps/users": 409}
    for user in (world.alice.name, "nobody"):  # old clients send the active user here too; it counts for nothing
        assert world.ask(route, **world.acme.headers(user)).status_code == again.get(route, 200)


@pytest.mark.parametrize("route", sorted(CALLERS))
def test_caller_routes_require_valid_token(world: World, route: str) -> None:
    assert_needs_a_token(world, route)
    expected = 201 if route == "post /webhooks" else 200
    for headers in (world.bob.headers, world.acme.headers(), world.acme.headers(world.bob.name)):
        assert world.ask(route, **headers).status_code == expected


@pytest.mark.parametrize("route", sorted(SECRETS))
def test_secrets_require_valid_token(world: World, route: str) -> None:
    assert_needs_a_token(world, route)


def test_secrets_of_the_same_name_are_independent(world: World) -> None:
    callers = (world.alice.headers, world.bob.headers, world.acme.headers())
    for headers in callers:
        assert world.ask("put /secrets/{secret_name}", **headers).status_code == 200
    assert world.ask("delete /secrets/{secret_name}", **callers[0]).status_code == 204
    assert_refused(world.ask("delete /secrets/{secret_name}", **callers[0]), 404)
    for headers in callers[1:]:
        assert len(world.ask("get /secrets", **headers).json()["secrets"]) == 1
        assert world.ask("delete /secrets/{secret_name}", **headers).status_code == 204


def assert_needs_a_token(world: World, route: str) -> None:
    for headers in (
        {},
        world.revoked.headers,
        world.expired.headers,
        world.ended.headers(),
        {"X-Voxel51-Agent": "mine"},
    ):
        assert_refused(world.ask(route, **headers), 401)
    assert_refused(world.ask(route, **world.acme.headers("nobody")), 404)


@pytest.mark.parametrize(
    "route", sorted(LISTS | FOR_ALL_USERS | OWNED | OPERATORS | MONITORS | CALLERS | HELD | SECRETS)
)
def test_missing_scope_is_rejected(world: World, route: str) -> None:
    document = requests.get(f"{world.platform.url}/openapi.json", timeout=20).json()
    method, _, path = route.partition(" ")
    needed = set(document["paths"][path][method]["security"][0]["user"])
    assert needed == WIDER_SCOPES[route] if route in WIDER_SCOPES else len(needed) == 1
    for scope in SCOPES:
        if {scope} != needed:
            assert_refused(world.ask(route, **world.small[scope]), 403)


@pytest.mark.parametrize("action", ["kill", "delete", "ttl"])
def test_read_scope_cannot_change_in_batch(world: World, action: str) -> None:
    for noun in ("jobs", "data"):
        body = {"action": action, "ids": [world.path["job_id"], world.path["data_id"]], "days": "-9"}
        answer = requests.post(f"{world.acme.v1}/{noun}/batch", json=body, headers=world.small["read"], timeout=20)
        assert answer.status_code in ({400, 403} if (noun, action) == ("data", "kill") else {403})


@pytest.mark.parametrize("route", sorted(OPERATORS | MONITORS))
def test_operator_routes_require_operator(world: World, route: str) -> None:
    for headers in (world.alice.headers, world.bob.headers, world.acme.headers(world.alice.name)):
        assert_refused(world.ask(route, **headers), 403)
    assert_refused(world.ask(route, **world.small["manage"]), 403)


@pytest.mark.parametrize("route", sorted(OF_ACCOUNTS))
def test_credentials_of_others_are_not_found(world: World, route: str) -> None:
    for headers in (world.bob.headers, world.globex.headers(world.alice.name), world.acme.headers(world.alice.name)):
        assert_refused(world.ask(route, **headers), 404)


@pytest.mark.parametrize("route", sorted(HELD))
def test_webhooks_of_others_are_not_found(world: World, route: str) -> None:
    same_name, other_name = world.alice.name, world.bob.name
    assert_needs_a_token(world, route)
    foreign = [world.bob.headers, world.globex.headers(same_name), world.acme.headers(other_name),
               world.acme.headers(), world.globex.headers()]  # fmt: skip
    for whose, callers in {
        world: [*foreign, world.acme.headers(same_name)],
        world.at_acme(): [*foreign, world.alice.headers],
    }.items():
        for headers in callers:
            assert_refused(whose.ask(route, **headers), 404)
    for whose, headers in ((world, world.alice.headers), (world.at_acme(), world.acme.headers(same_name))):
        webhook = whose.ask("get /webhooks/{webhook_id}", **headers).json()["webhook"]
        assert webhook["enabled"]
        [listed] = whose.ask("get /webhooks", **headers).json()["webhooks"][:1]
        assert listed["id"] == webhook["id"]


@pytest.mark.parametrize(
    ("noun", "action"),
    [*(("data", action) for action in ("details", "ttl", "delete", "update")),
     *(("jobs", action) for action in ("details", "start", "archive", "unarchive", "ttl", "delete", "kill"))],
)  # fmt: skip
def test_batches_find_nothing_of_others(world: World, noun: str, action: str) -> None:
    same_name, identifier = world.alice.name, f"{noun.removesuffix('s')}_id"
    body = {"action": action, "ids": [world.path[identifier], world.path_of_acme[identifier]]}
    body |= {"ttl": {"days": "-9"}, "update": {"add_tags": ["stolen"]}}.get(action, {})
    for headers in (world.bob.headers, world.globex.headers(same_name), world.acme.headers(world.bob.name)):
        answer = requests.post(f"{world.acme.v1}/{noun}/batch", json=body, headers=headers, timeout=20)
        responses = answer.json()["responses"]
        assert [response["error"]["code"] for response in responses.values()] == [404, 404]


@pytest.mark.parametrize("route", sorted(OWNED))
def test_objects_of_others_are_not_found(world: World, route: str) -> None:
    same_name, other_name = world.alice.name, world.bob.name
    foreign = [world.bob.headers, world.globex.headers(same_name), world.acme.headers(other_name)]
    for whose, callers in {
        world: [*foreign, world.acme.headers(same_name)],
        world.at_acme(): [*foreign, world.alice.headers],
    }.items():
        for headers in callers:
            answer = whose.ask(route, **headers)
            assert_refused(answer, 404)
            assert same_name not in answer.text


@pytest.mark.parametrize("route", sorted(OF_ANALYTICS))
def test_analytics_can_be_changed_only_by_owner(world: World, route: str) -> None:
    number = sorted(OF_ANALYTICS).index(route)
    uploaded = {
        prefix: requests.post(
            f"{world.acme.v1}{prefix}/analytics",
            files={"file": ("m.json", json.dumps({**MANIFEST, "info": {**MANIFEST["info"], "name": name}}).encode())},
            headers=world.acme.headers(world.alice.name),
            timeout=20,
        ).json()["analytic"]["id"]
        for prefix, name in (("", f"own-{number}"), ("/apps", f"shared-{number}"))
    }
    of_user = replace(world, path={**world.path, "analytic_id": uploaded[""]})
    of_application = replace(world, path={**world.path, "analytic_id": uploaded["/apps"]})
    for_application = route.partition(" ")[2].startswith("/apps")
    if for_application:
        assert_refused(of_user.ask(route, **world.acme.headers()), 404)
        assert_refused(of_application.ask(route, **world.globex.headers()), 404)
    else:
        for headers in (
            world.alice.headers,
            world.globex.headers(world.alice.name),
            world.acme.headers(world.bob.name),
        ):
            assert_refused(of_user.ask(route, **headers), 404)
        assert_refused(of_application.ask(route, **world.acme.headers(world.alice.name)), 403)
        assert_refused(of_application.ask(route, **world.alice.headers), 404)


@pytest.mark.parametrize("route", sorted(LISTS))
def test_lists_contain_only_own_objects(world: World, route: str) -> None:
    same_name, noun = world.alice.name, "data" if "data" in route else "jobs"
    for headers in (world.bob.headers, world.globex.headers(same_name), world.acme.headers(world.bob.name)):
        answer = world.ask(route, **headers)
        assert (answer.status_code, answer.json()["count"]) == (200, 0)
    for headers, count in ((world.alice.headers, 3), (world.acme.headers(same_name), 1)):
        answer = world.ask(route, **headers)
        assert (answer.status_code, answer.json()["count"], len(answer.json()[noun])) == (200, count, count)


@pytest.mark.parametrize("noun", ["data", "jobs"])
def test_application_sees_only_its_users_objects(world: World, noun: str) -> None:
    for application, ids in ((world.acme, [world.path_of_acme[f"{noun.removesuffix('s')}_id"]]), (world.globex, [])):
        answer = world.ask(f"get /apps/{noun}", **application.headers()).json()
        assert [record["id"] for record in answer[noun]] == ids
    users = world.ask("get /apps/users/list", **world.globex.headers()).json()["users"]
    assert {world.alice.name, world.bob.name} <= set(users)


@pytest.mark.parametrize("route", sorted(AGENTS))
def test_agent_routes_require_current_attempt(world: World, route: str) -> None:
    for headers in (
        {},
        world.alice.headers,
        world.acme.headers(world.alice.name),
        {"X-Voxel51-Agent": "wrong"},
        {"X-Voxel51-Agent": world.alice.key},
    ):
        assert_refused(world.ask(route, **headers), 401)
    for credential in ("other job", "old attempt", "past grace"):
        assert_refused(world.ask(route, **{"X-Voxel51-Agent": credential}), 403)
    past = replace(world, path={**world.path, "job_id": world.path["past_job_id"]})
    assert_refused(past.ask(route, **{"X-Voxel51-Agent": "past grace"}), 403)
    assert world.ask("get /jobs/{job_id}/url/data", **{"X-Voxel51-Agent": "mine"}).status_code == 200


@pytest.mark.parametrize("route", sorted(LINKS))
def test_signed_link_permits_only_its_request(world: World, route: str) -> None:
    good = world.sign(route)
    arguments = parse_qs(urlsplit(good).query)
    expires, signature = arguments["expires"][0], arguments["signature"][0]
    other_method = "PUT" if route.startswith("get") else "GET"
    other_route = next(another for another in sorted(LINKS) if another != route)
    for query in (
        "",
        f"?expires={expires}",
        f"?expires={int(expires) + 1}&signature={signature}",
        f"?expires={expires}&signature={signature[:-2]}",
        f"?expires={expires}&signature={signature}x",
        f"?expires={expires}&signature={signature[::-1]}",
        world.sign(route, method=other_method),
        world.sign(other_route),
        world.sign(route, lifetime_seconds=-1),
    ):
        assert_refused(world.ask(route, query), 403)
    assert_refused(world.ask(route, **world.alice.headers), 403)
    assert world.ask(route, good, method="DELETE").status_code == 405


@pytest.mark.parametrize("route", sorted(OF_ATTEMPTS))
def test_links_of_old_attempt_are_rejected(world: World, route: str) -> None:
    for attempt_id in ("old", "gone", world.path["past_attempt_id"]):
        elsewhere = replace(world, path={**world.path, "attempt_id": attempt_id})
        assert_refused(elsewhere.ask(route, elsewhere.sign(route)), 403)


def test_objects_are_unchanged_after_all_attempts(world: World) -> None:
    job = world.ask("get /jobs/{job_id}", **world.alice.headers).json()["job"]
    download = world.ask("get /data/{data_id}/download", **world.alice.headers)

    assert (job["state"], job["archived"], job["frame_count"]) == ("COMPLETE", False, None)
    assert download.text == "a secret"
    assert world.ask("get /links/data/{data_id}", world.sign("get /links/data/{data_id}")).text == "a secret"
    assert world.alice.key not in world.platform.log.read_text()
    assert "signature=" not in world.platform.log.read_text()
