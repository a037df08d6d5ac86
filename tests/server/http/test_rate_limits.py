"""Rate limits of callers, networks and accounts."""

import pytest
import requests

from support.accounts import User
from voxel51.server.errors import TooManyRequests
from voxel51.server.http.rate_limits import Pacer, RateLimiter


def test_bucket_empties_and_refills():
    now = [0.0]
    limiter = RateLimiter(2.0, 3, clock=lambda: now[0])
    for _ in range(3):
        limiter.take("alice", "requests")
    with pytest.raises(TooManyRequests, match="try again in 1 s"):
        limiter.take("alice", "requests")
    limiter.take("bob", "requests")
    now[0] = 0.5
    limiter.take("alice", "requests")
    with pytest.raises(TooManyRequests):
        limiter.check("alice", "requests")


def test_check_does_not_count_a_request():
    limiter = RateLimiter(1.0, 1, clock=lambda: 0.0)
    for _ in range(5):
        limiter.check("alice", "requests")
    limiter.take("alice", "requests")


def test_pacer_delays_one_request_after_the_other_and_refuses_only_many_at_once():
    now = [0.0]
    pacer = Pacer(10.0, 20, clock=lambda: now[0])
    for _ in range(1000):  # each is sent when the one before was answered
        now[0] += pacer.pause("alice", 2.0)
    assert now[0] == pytest.approx((1000 * 2 - 20) / 10, abs=1)

    with pytest.raises(TooManyRequests, match=r"try again in [56] s"):
        for _ in range(100):
            pacer.pause("alice", 2.0)
    assert pacer.pause("bob", 500.0) == 0


def test_many_callers_take_bounded_memory():
    limiter = RateLimiter(1.0, 1, clock=lambda: 0.0)
    for number in range(150_000):
        limiter.take(str(number), "requests")
    assert len(limiter._buckets) <= 100_000


def test_too_many_requests_are_refused_with_retry_after(start_platform, tmp_path):
    limits = {"VOXEL51_SERVER_REQUESTS_PER_SECOND": "0.1", "VOXEL51_SERVER_REQUESTS_BURST": "3"}
    platform = start_platform(environment=limits)
    alice, bob = (User.create(platform, tmp_path) for _ in range(2))
    answers = [requests.get(f"{alice.v1}/data/list", headers=alice.headers, timeout=20) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 11
    assert answers[-1].json()["error"]["code"] == 429
    assert requests.get(f"{bob.v1}/data/list", headers=bob.headers, timeout=20).status_code == 200


def test_failed_authentication_is_limited_and_valid_credentials_still_work(start_platform, tmp_path):
    platform = start_platform(environment={"VOXEL51_SERVER_ADDRESS_FAILURES_PER_MINUTE": "4"})
    alice = User.create(platform, tmp_path)
    wrong = {"Authorization": "Bearer v51_guess"}
    guesses = [requests.get(f"{alice.v1}/data/list", headers=wrong, timeout=20).status_code for _ in range(6)]
    assert guesses == [401, 401, 401, 401, 429, 429]
    body = {"username": alice.name, "password": "a guess"}
    assert requests.post(f"{alice.v1}/sign-in", json=body, timeout=20).status_code == 429
    assert requests.get(f"{alice.v1}/data/list", headers=alice.headers, timeout=20).status_code == 200


def test_long_body_is_read_only_after_authentication(start_platform, tmp_path):
    platform = start_platform(environment={"VOXEL51_SERVER_BODY_LIMIT_BYTES": "200000"})
    alice = User.create(platform, tmp_path)
    for headers, size, status in (({}, 150_000, 401), (alice.headers, 150_000, 400), (alice.headers, 250_000, 413)):
        answer = requests.post(f"{alice.v1}/jobs/batch", data=b"x" * size, headers=headers, timeout=20)
        assert answer.status_code == status


def test_failed_passwords_for_one_account_are_limited(start_platform, tmp_path) -> None:
    platform = start_platform(environment={"VOXEL51_SERVER_ACCOUNT_FAILURES_PER_MINUTE": "3"})
    browser, url = requests.Session(), f"{platform.url}/v1"
    right = {"username": "root", "password": "correct horse"}
    assert browser.post(f"{url}/sign-up", json=right, timeout=20).status_code == 201

    def sign_in(username: str, password: str) -> int:
        body = {"username": username, "password": password}
        return requests.post(f"{url}/sign-in", json=body, timeout=20).status_code

    assert [sign_in("root", "correct horse") for _ in range(5)] == [200] * 5
    assert [sign_in("root", "wrong") for _ in range(4)] == [401, 401, 401, 429]
    assert sign_in("root", "correct horse") == 429
    assert [sign_in("nobody", "wrong") for _ in range(4)] == [401, 401, 401, 429]
    assert browser.get(f"{url}/account", timeout=20).status_code == 200


def test_every_refusal_of_anonymous_requests_with_secrets_is_limited(start_platform) -> None:
    platform = start_platform(environment={"VOXEL51_SERVER_ADDRESS_FAILURES_PER_MINUTE": "6"})
    url, operator = f"{platform.url}/v1", requests.Session()
    account = {"username": "root", "password": "correct horse"}
    assert operator.post(f"{url}/sign-up", json=account, timeout=20).status_code == 201

    def refused(path: str, **body: str) -> int:
        return requests.post(f"{url}/{path}", json=body, timeout=20).status_code

    password = "correct horse"
    assert refused("password-resets", key="reset_invented", new_password=password) == 400
    assert refused("password-resets", key="reset_invented", new_password="short") == 400
    assert refused("sign-up", username="alice", password=password) == 403
    assert refused("sign-up", username="alice", password=password, invitation="invitation_invented") == 400
    assert refused("sign-up", surplus="") == 400
    assert refused("sign-in", username="root", password="a guess") == 401
    assert refused("sign-in", username="root", password=password) == 429
    assert refused("sign-up", username="alice", password=password) == 429
    assert refused("password-resets", key="reset_invented", new_password=password) == 429
    assert operator.get(f"{url}/account", timeout=20).status_code == 200


def test_wrong_current_passwords_are_limited_and_recorded(start_platform) -> None:
    platform = start_platform(environment={"VOXEL51_SERVER_ACCOUNT_FAILURES_PER_MINUTE": "3"})
    url, operator = f"{platform.url}/v1", requests.Session()
    account = {"username": "root", "password": "correct horse"}
    assert operator.post(f"{url}/sign-up", json=account, timeout=20).status_code == 201

    def change(current: str) -> int:
        body = {"current_password": current, "new_password": "longer horse"}
        return operator.put(f"{url}/account/password", json=body, timeout=20).status_code

    assert [change("a guess") for _ in range(4)] == [403, 403, 403, 429]
    assert change("correct horse") == 429
    actions = [entry["action"] for entry in operator.get(f"{url}/account/audit", timeout=20).json()["audit"]]
    assert actions == ["password change failed"] * 3 + ["signed in", "account created"]
