"""Nobody gets at what is not theirs: every route of the platform, asked by every kind of caller that has no right.

The routes are the platform's own description of itself, so a route that nobody thought of here fails the test.
"""

import itertools
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from demo.platform_process import PlatformProcess
from people import User
from platforms import a_platform, running
from stored_files import database_path
from voxel51.server.accounts.tokens import hash_key
from voxel51.server.http.signing import LinkSigner
from voxel51.server.secrets_file import signing_key
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

LISTS = {"get /data/list", "get /jobs/list", "get /data", "get /jobs"}
"""Where another user is answered, with what is his: nothing."""

FOR_EVERYBODY = {
    "get /analytics/list", "get /analytics", "get /analytics/{analytic_id}", "get /analytics/{analytic_id}/doc",
    "get /status/all", "post /data", "post /jobs",
}  # fmt: skip
"""Where any user has a right of his own."""

OWNED = {
    "get /data/{data_id}", "get /data/{data_id}/download", "get /data/{data_id}/download-url",
    "put /data/{data_id}/ttl", "delete /data/{data_id}",
    "get /jobs/{job_id}", "get /jobs/{job_id}/request", "get /jobs/{job_id}/status", "get /jobs/{job_id}/output",
    "get /jobs/{job_id}/output-url", "get /jobs/{job_id}/log", "get /jobs/{job_id}/log-url",
    "put /jobs/{job_id}/start", "put /jobs/{job_id}/kill", "put /jobs/{job_id}/archive",
    "put /jobs/{job_id}/unarchive", "delete /jobs/{job_id}", "put /jobs/{job_id}/ttl",
}  # fmt: skip
AGENTS = {
    "put /jobs/{job_id}/state", "post /jobs/{job_id}/metadata", "post /jobs/{job_id}/data",
    "get /jobs/{job_id}/url/data", "get /jobs/{job_id}/url/{what}",
}  # fmt: skip
LINKS = {
    "get /links/data/{data_id}", "get /links/jobs/{job_id}/output", "get /links/jobs/{job_id}/log",
    "get /links/attempts/{attempt_id}/task", "get /links/attempts/{attempt_id}/inputs/{name}",
    "get /links/attempts/{attempt_id}/parameters/{name}", "put /links/attempts/{attempt_id}/status",
    "put /links/attempts/{attempt_id}/log", "put /links/attempts/{attempt_id}/output",
}  # fmt: skip
OF_ATTEMPTS = {route for route in LINKS if "{attempt_id}" in route}
BODIES = {
    "put /data/{data_id}/ttl": {"days": "-9"}, "put /jobs/{job_id}/ttl": {"days": "-9"},
    "put /jobs/{job_id}/state": {"state": "FAILED"}, "put /links/attempts/{attempt_id}/status": {},
    "post /jobs/{job_id}/metadata": {"frame_count": 1, "duration_seconds": 1, "size_bytes": 1},
}  # fmt: skip


@dataclass
class Place:
    """A platform where alice has data and a complete job, bob has nothing, and one token was revoked."""

    platform: PlatformProcess
    alice: User
    bob: User
    revoked: User
    path: dict[str, str]

    def url(self, route: str) -> str:
        return "/v1" + route.partition(" ")[2].format_map(self.path)

    def ask(self, route: str, query: str = "", method: str = "", **headers: str) -> requests.Response:
        url = self.platform.url + self.url(route) + query
        method = method or route.partition(" ")[0].upper()
        return requests.request(method, url, headers=headers, json=BODIES.get(route), timeout=20)

    def sign(self, route: str, lifetime_seconds: int = 60, method: str = "") -> str:
        signer = LinkSigner(signing_key(self.platform.folder), lifetime_seconds)
        return "?" + signer.query(method or route.partition(" ")[0].upper(), self.url(route))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("isolation")
    with running(a_platform(folder / "data")) as platform:
        alice, bob, revoked = (User.create(platform, folder) for _ in range(3))
        [token_id, *_] = platform.run_command("server", "user", "tokens", revoked.name).split()
        platform.run_command("server", "user", "tokens", revoked.name, "--revoke", token_id)
        with API(token=Token.from_json(str(alice.token))) as api:
            (folder / "a.txt").write_text("alice's")
            data_id = api.upload_data(str(folder / "a.txt"))["id"]
            jobs = [api.upload_job_request(JobRequest("journeys/no-op"), "j", auto_start=True)["id"] for _ in range(2)]
            for job_id in jobs:
                api.wait_until_job_completes(job_id, sleep_time=0.1, max_wait_time=60)
            analytic_id = api.list_analytics()[0]["id"]
        path = {"data_id": data_id, "job_id": jobs[0], "analytic_id": analytic_id, "what": "output", "name": "video"}
        yield _with_attempts(Place(platform, alice, bob, revoked, path), jobs)


def _with_attempts(place: Place, jobs: list[str]) -> Place:
    """Give the attempts credentials that the test knows: ``mine``, ``other job``, and ``old attempt`` at the first."""
    with sqlite3.connect(database_path(place.platform.folder)) as connection:
        [(current,)] = connection.execute("SELECT attempt_id FROM jobs WHERE id = ?", [jobs[0]])
        columns = [name for (_, name, *_) in connection.execute("PRAGMA table_info(attempts)")]
        copied = ", ".join({"id": "'old'", "credential_hash": "'old'"}.get(name, name) for name in columns)
        connection.execute(f"INSERT INTO attempts SELECT {copied} FROM attempts WHERE id = ?", [current])
        update = "UPDATE attempts SET credential_hash = ? WHERE "
        connection.execute(update + "job_id = ?", [hash_key("other job"), jobs[1]])
        connection.execute(update + "id = ?", [hash_key("mine"), current])
        connection.execute(update + "id = ?", [hash_key("old attempt"), "old"])
    connection.close()
    place.path["attempt_id"] = current
    return place


def test_every_route_has_an_expectation(place: Place) -> None:
    document = requests.get(f"{place.platform.url}/openapi.json", timeout=20).json()

    routes = {f"{method} {path}" for path, operations in document["paths"].items() for method in operations}
    security = {
        f"{method} {path}": [*itertools.chain(*operation["security"])]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert routes == LISTS | FOR_EVERYBODY | OWNED | AGENTS | LINKS
    assert {route for route in routes if security[route] == ["user"]} == LISTS | FOR_EVERYBODY | OWNED
    assert {route for route in routes if security[route] == ["agent"]} == AGENTS
    assert {route for route in routes if security[route] == ["link"]} == LINKS


def assert_refused(answer: requests.Response, status: int) -> None:
    assert answer.status_code == status, (answer.request.url, answer.text)
    assert answer.json()["error"]["code"] == status


@pytest.mark.parametrize("route", sorted(LISTS | FOR_EVERYBODY | OWNED))
def test_users_routes_need_a_token_that_is_valid(place: Place, route: str) -> None:
    signature = place.sign(route)
    for headers in (
        {},
        {"Authorization": "Bearer v51_wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {place.alice.key}"},
        {"Authorization": place.alice.key},
        place.revoked.headers,
        {"X-Voxel51-Agent": "mine"},
        {"X-Voxel51-Agent": place.alice.key},
    ):
        assert_refused(place.ask(route, **headers), 401)
    assert_refused(place.ask(route, signature), 401)


@pytest.mark.parametrize("route", sorted(OWNED))
def test_what_is_alices_is_not_there_for_bob(place: Place, route: str) -> None:
    answer = place.ask(route, **place.bob.headers)

    assert_refused(answer, 404)
    assert place.alice.name not in answer.text


@pytest.mark.parametrize("route", sorted(LISTS))
def test_what_is_alices_is_in_no_list_of_bobs(place: Place, route: str) -> None:
    answer = place.ask(route, **place.bob.headers)

    assert answer.status_code == 200
    assert answer.json()["count"] == 0
    assert place.ask(route, **place.alice.headers).json()["count"] > 0


@pytest.mark.parametrize("route", sorted(AGENTS))
def test_agents_routes_need_the_credential_of_the_jobs_present_attempt(place: Place, route: str) -> None:
    for headers in ({}, place.alice.headers, {"X-Voxel51-Agent": "wrong"}, {"X-Voxel51-Agent": place.alice.key}):
        assert_refused(place.ask(route, **headers), 401)
    for credential in ("other job", "old attempt"):
        assert_refused(place.ask(route, **{"X-Voxel51-Agent": credential}), 403)
    assert place.ask("get /jobs/{job_id}/url/data", **{"X-Voxel51-Agent": "mine"}).status_code == 200


@pytest.mark.parametrize("route", sorted(LINKS))
def test_links_permit_what_they_were_signed_for_alone(place: Place, route: str) -> None:
    good = place.sign(route)
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
        place.sign(route, method=other_method),
        place.sign(other_route),
        place.sign(route, lifetime_seconds=-1),
    ):
        assert_refused(place.ask(route, query), 403)
    assert_refused(place.ask(route, **place.alice.headers), 403)
    assert place.ask(route, good, method="DELETE").status_code == 405


@pytest.mark.parametrize("route", sorted(OF_ATTEMPTS))
def test_links_of_an_old_attempt_count_for_nothing(place: Place, route: str) -> None:
    for attempt_id in ("old", "gone"):
        elsewhere = replace(place, path={**place.path, "attempt_id": attempt_id})
        assert_refused(elsewhere.ask(route, elsewhere.sign(route)), 403)


def test_after_all_of_it_what_is_alices_is_as_it_was(place: Place) -> None:
    job = place.ask("get /jobs/{job_id}", **place.alice.headers).json()["job"]
    download = place.ask("get /data/{data_id}/download", **place.alice.headers)

    assert (job["state"], job["archived"], job["frame_count"]) == ("COMPLETE", False, None)
    assert download.text == "alice's"
    assert place.ask("get /links/data/{data_id}", place.sign("get /links/data/{data_id}")).text == "alice's"
    assert place.alice.key not in place.platform.log.read_text()
    assert "signature=" not in place.platform.log.read_text()
