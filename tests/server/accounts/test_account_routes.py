"""Account routes over HTTP, on a running platform: sessions, invitations, password resets, export and deletion."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.platforms import NO_OP, PATIENT, new_platform, running
from support.stored_files import database_path
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS
from voxel51.server.http.cookies import cookies_of

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    folder = tmp_path_factory.mktemp("accounts")
    with running(new_platform(folder / "data")) as platform:
        yield platform


@pytest.fixture(scope="module")
def operator(platform: PlatformProcess) -> requests.Session:
    """The first user of a platform without accounts, who needs no invitation."""
    session = browser()
    assert session.get(f"{platform.url}/v1/sign-in", timeout=20).json()["needs_operator"] is True
    made = session.post(f"{platform.url}/v1/sign-up", json={"username": "root", "password": PASSWORD}, timeout=20)
    assert (made.status_code, made.json()["role"]) == (201, "operator")
    return session


def browser() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "a browser"
    return session


@pytest.fixture
def newcomer(platform: PlatformProcess, operator: requests.Session) -> Callable[..., requests.Session]:
    """Returns a function that signs up a user with an invitation of the operator."""

    def sign_up(name: str, **invitation: object) -> requests.Session:
        key = operator.post(f"{platform.url}/v1/admin/invitations", json=invitation, timeout=20).json()["key"]
        session, body = browser(), {"username": name, "password": PASSWORD, "invitation": key}
        answer = session.post(f"{platform.url}/v1/sign-up", json=body, timeout=20)
        assert answer.status_code == 201, answer.text
        again = browser().post(f"{platform.url}/v1/sign-up", json={**body, "username": f"{name}-2"}, timeout=20)
        assert again.status_code == 400
        return session

    return sign_up


def test_sign_up_requires_invitation(platform: PlatformProcess, operator: requests.Session) -> None:
    assert operator.get(f"{platform.url}/v1/account", timeout=20).status_code == 200
    body = {"username": "stranger", "password": PASSWORD}
    assert browser().post(f"{platform.url}/v1/sign-up", json=body, timeout=20).status_code == 403
    body["invitation"] = "invitation_guess"
    assert browser().post(f"{platform.url}/v1/sign-up", json=body, timeout=20).status_code == 400


def test_session_lasts_until_sign_out(platform: PlatformProcess, newcomer) -> None:
    session = newcomer("carol")
    cookie = next(iter(session.cookies))
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"
    [listed] = session.get(f"{platform.url}/v1/account/sessions", timeout=20).json()["sessions"]
    assert (listed["name"], listed["current"]) == ("a browser", True)
    elsewhere, body = browser(), {"username": "carol", "password": PASSWORD}
    elsewhere.post(f"{platform.url}/v1/sign-in", json=body, timeout=20)
    both = elsewhere.get(f"{platform.url}/v1/account/sessions", timeout=20).json()["sessions"]
    assert [each["current"] for each in both] == [False, True]
    assert session.post(f"{platform.url}/v1/sign-out", timeout=20).status_code == 204
    session.cookies.set_cookie(cookie)
    assert session.get(f"{platform.url}/v1/account", timeout=20).status_code == 401
    for password, status in (("wrong", 401), ("", 401), (PASSWORD, 200)):
        body = {"username": "carol", "password": password}
        assert browser().post(f"{platform.url}/v1/sign-in", json=body, timeout=20).status_code == status
    unknown = {"username": "nobody", "password": PASSWORD}
    assert browser().post(f"{platform.url}/v1/sign-in", json=unknown, timeout=20).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_cross_site_requests_are_rejected(platform, operator, headers, status) -> None:
    made = operator.post(f"{platform.url}/v1/account/tokens", json={"name": "t"}, headers=headers, timeout=20)
    assert made.status_code == status
    assert operator.get(f"{platform.url}/v1/account", headers=headers, timeout=20).status_code == 200
    body = {"username": "root", "password": PASSWORD}
    signed_in = browser().post(f"{platform.url}/v1/sign-in", json=body, headers=headers, timeout=20)
    assert signed_in.status_code == (200 if status == 201 else 403)


def test_new_password_ends_other_sessions(platform: PlatformProcess, newcomer) -> None:
    here, there, url = newcomer("dave"), browser(), f"{platform.url}/v1"
    there.post(f"{url}/sign-in", json={"username": "dave", "password": PASSWORD}, timeout=20)
    for body, status in (
        ({"new_password": "longer horse"}, 403),
        ({"new_password": "longer horse", "current_password": "wrong"}, 403),
        ({"new_password": "short", "current_password": PASSWORD}, 400),
        ({"new_password": "longer horse", "current_password": PASSWORD}, 204),
    ):
        assert here.put(f"{url}/account/password", json=body, timeout=20).status_code == status
    assert here.get(f"{url}/account", timeout=20).status_code == 200
    assert there.get(f"{url}/account", timeout=20).status_code == 401


def test_password_reset_key_works_once(platform, operator, newcomer) -> None:
    session, url = newcomer("erin"), f"{platform.url}/v1"
    token = new_token(session, url)
    first, second = (
        operator.post(f"{url}/admin/users/erin/password-reset", timeout=20).json()["key"] for _ in range(2)
    )
    body = {"new_password": "another horse"}
    for key, status in ((first, 400), ("reset_guess", 400), (second, 204), (second, 400)):
        assert requests.post(f"{url}/password-resets", json={**body, "key": key}, timeout=20).status_code == status
    assert session.get(f"{url}/account", timeout=20).status_code == 401
    signed_in = browser().post(f"{url}/sign-in", json={"username": "erin", "password": "another horse"}, timeout=20)
    assert signed_in.status_code == 200
    assert requests.get(f"{url}/account", headers=token, timeout=20).status_code == 401


def new_token(session: requests.Session, url: str) -> dict[str, str]:
    made = session.post(f"{url}/account/tokens", json={"name": "t"}, timeout=20).json()
    return {"Authorization": f"Bearer {made['access_token']['private_key']}"}


def test_password_change_revokes_tokens_and_reset_keys_on_request(platform, operator, newcomer) -> None:
    session, url = newcomer("frances"), f"{platform.url}/v1"
    used, other = new_token(session, url), new_token(session, url)
    key = operator.post(f"{url}/admin/users/frances/password-reset", timeout=20).json()["key"]

    def change(current: str, new: str, **options: bool) -> int:
        body = {"current_password": current, "new_password": new, **options}
        return requests.put(f"{url}/account/password", json=body, headers=used, timeout=20).status_code

    assert change(PASSWORD, "longer horse") == 204
    assert requests.get(f"{url}/account", headers=other, timeout=20).status_code == 200
    assert change("longer horse", PASSWORD, revoke_tokens=True) == 204
    assert requests.get(f"{url}/account", headers=other, timeout=20).status_code == 401
    assert requests.get(f"{url}/account", headers=used, timeout=20).status_code == 200
    reset = {"key": key, "new_password": "another horse"}
    assert requests.post(f"{url}/password-resets", json=reset, timeout=20).status_code == 400


def test_viewer_can_change_only_own_account(platform, newcomer) -> None:
    session, url = newcomer("frank", role="viewer"), f"{platform.url}/v1"
    assert session.get(f"{url}/data/list", timeout=20).status_code == 200
    assert session.post(f"{url}/data", files={"file": ("a", b"a")}, timeout=20).status_code == 403
    token = session.post(f"{url}/account/tokens", json={"name": "t", "scopes": ["read"]}, timeout=20)
    assert token.status_code == 201
    assert session.get(f"{url}/admin/users", timeout=20).status_code == 403


def test_audit_log_has_actors_and_actions_but_no_secrets(platform, operator, newcomer) -> None:
    session, url = newcomer("grace"), f"{platform.url}/v1"
    key = session.post(f"{url}/account/tokens", json={"name": "t", "days": 1}, timeout=20).json()["access_token"]
    session.delete(f"{url}/account/tokens/{key['token_id']}", timeout=20)
    operator.patch(f"{url}/admin/users/grace", json={"role": "viewer"}, timeout=20)
    log = session.get(f"{url}/account/audit", timeout=20)
    assert [line["action"] for line in log.json()["audit"]] == [
        "account changed", "token revoked", "token issued", "signed in", "account created",
    ]  # fmt: skip
    assert log.json()["audit"][0]["actor"].startswith("root (user:")
    everything = operator.get(f"{url}/admin/audit", params={"search": "account:grace", "limit": 2}, timeout=20).json()
    assert (len(everything["audit"]), everything["count"]) == (2, 5)
    assert key["private_key"] not in log.text
    assert key["private_key"] not in platform.log.read_text()
    settings = operator.get(f"{url}/admin/settings", timeout=20).json()["settings"]
    assert {setting["name"] for setting in settings} >= {"sign_up", "lifetime_days"}


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_export_has_all_data_and_deletion_removes_it(platform, operator, tmp_path) -> None:
    assert operator.cookies
    user, url = User.create(platform, tmp_path), f"{platform.url}/v1"
    requests.post(f"{url}/data", files={"file": ("a.txt", b"mine")}, headers=user.headers, timeout=20)
    done, running_job = post_job(url, user.headers, NO_OP), post_job(url, user.headers, PATIENT)

    def state(job_id: str) -> str:
        return requests.get(f"{url}/jobs/{job_id}", headers=user.headers, timeout=20).json()["job"]["state"]

    wait_for(lambda: state(done) == "COMPLETE" and state(running_job) == "RUNNING")
    export = requests.get(f"{url}/account/export", headers=user.headers, timeout=20).json()
    assert requests.get(export["data"][0]["download_url"], timeout=20).content == b"mine"
    assert {job["id"] for job in export["jobs"]} == {done, running_job}
    assert user.key not in json.dumps(export)
    assert (export["data"][0]["tags"], export["data"][0]["metadata"]) == ([], {})
    assert [export[name] for name in ("batches", "collections", "datasets", "searches")] == [[], [], [], []]

    assert requests.delete(f"{url}/account", headers=user.headers, timeout=20).status_code == 400
    deleted = requests.delete(f"{url}/account", params={"confirm": user.name}, headers=user.headers, timeout=20)
    assert deleted.status_code == 204
    assert requests.get(f"{url}/account", headers=user.headers, timeout=20).status_code == 401
    assert requests.get(export["data"][0]["download_url"], timeout=20).status_code in {403, 404}
    wait_for(lambda: rows(platform, user) == 0)
    assert b"mine" not in b"".join(
        file.read_bytes() for file in platform.folder.rglob("storage/**/*") if file.is_file()
    )
    platform.run_command("server", "user", "create", user.name, "--no-password")


def rows(platform: PlatformProcess, user: User) -> int:
    with closing(sqlite3.connect(database_path(platform.folder))) as connection:
        left = "SELECT count(*) FROM users WHERE name LIKE 'deleted:%' OR name = ?"
        return int(connection.execute(left, [user.name]).fetchone()[0])


def test_last_operator_cannot_be_deleted(platform: PlatformProcess, operator: requests.Session) -> None:
    answer = operator.delete(f"{platform.url}/v1/account", params={"confirm": "root"}, timeout=20)
    assert answer.status_code == 409
    assert operator.get(f"{platform.url}/v1/account", timeout=20).status_code == 200


def test_share_link_shows_one_job_until_revoked(platform, operator, tmp_path) -> None:
    assert operator.cookies
    user, url = User.create(platform, tmp_path), f"{platform.url}/v1"
    job_id = post_job(url, user.headers, NO_OP)
    path = f"{url}/jobs/{job_id}"
    wait_for(lambda: requests.get(path, headers=user.headers, timeout=20).json()["job"]["state"] == "COMPLETE")
    made = requests.post(f"{path}/shares", json={"days": 1}, headers=user.headers, timeout=20).json()

    seen = requests.get(made["api_url"], timeout=20).json()["job"]
    output = requests.get(f"{made['api_url']}/output", timeout=20)
    own = requests.get(f"{path}/output", headers=user.headers, timeout=20)
    assert (seen["state"], seen["analytic"]) == ("COMPLETE", NO_OP)
    assert (output.status_code, output.content) == (own.status_code, own.content)
    [listed] = requests.get(f"{path}/shares", headers=user.headers, timeout=20).json()["shares"]
    assert listed == made["share"]

    ended = requests.delete(f"{path}/shares/{listed['id']}", headers=user.headers, timeout=20)
    assert ended.status_code == 204
    assert requests.get(made["api_url"], timeout=20).status_code == 404
    assert requests.get(f"{made['api_url']}/output", timeout=20).status_code == 404
    for days in (0, -1, 1e9):
        refused = requests.post(f"{path}/shares", json={"days": days}, headers=user.headers, timeout=20)
        assert refused.status_code == 400
    assert made["api_url"].rpartition("/")[2] not in platform.log.read_text()


def test_quota_can_be_set_and_read(platform, operator, tmp_path) -> None:
    user, url = User.create(platform, tmp_path), f"{platform.url}/v1"
    granted = operator.put(f"{url}/admin/users/{user.name}/quota", json={"bytes": 100_000}, timeout=20)
    assert granted.json() == {"bytes": 0, "quota": {"bytes": 100_000, "running_jobs": 0}}
    for size, status in ((1000, 201), (100_000, 507), (300_000, 507)):
        files = {"file": ("a", b"x" * size)}
        answer = requests.post(f"{url}/data", files=files, headers=user.headers, timeout=20)
        assert answer.status_code == status
    used = requests.get(f"{url}/account/usage", headers=user.headers, timeout=20).json()
    assert used["bytes"] == 1000
    begin = {"Tus-Resumable": "1.0.0", "Upload-Length": "99001", **user.headers}
    assert requests.post(f"{url}/data/uploads", headers=begin, timeout=20).status_code == 507


def test_sign_in_options_say_whether_session_is_valid(operator: requests.Session, platform: PlatformProcess) -> None:
    ways_in = f"{platform.url}/v1/sign-in"

    assert operator.get(ways_in, timeout=20).json()["signed_in"] is True
    assert requests.get(ways_in, timeout=20).json()["signed_in"] is False
    forged = {"Cookie": f"{cookies_of(platform.url).session}=session_made-up"}
    assert requests.get(ways_in, headers=forged, timeout=20).json()["signed_in"] is False


def test_platforms_on_one_host_do_not_sign_each_other_out(platform, newcomer, start_platform) -> None:
    session, other = newcomer("heidi"), start_platform()
    body = {"username": "heidi", "password": PASSWORD}

    assert session.post(f"{other.url}/v1/sign-up", json=body, timeout=20).status_code == 201

    assert session.get(f"{platform.url}/v1/account", timeout=20).status_code == 200
    assert session.get(f"{other.url}/v1/account", timeout=20).status_code == 200
    assert session.post(f"{other.url}/v1/sign-out", timeout=20).status_code == 204
    assert session.get(f"{platform.url}/v1/account", timeout=20).status_code == 200
