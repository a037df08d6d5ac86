"""Recent callers: credentials that were checked a moment ago, and how soon a revocation counts."""

import pytest
import requests

from support.accounts import User as Account
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.recent_callers import RECALL_SECONDS, RecentCallers
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tokens import TokenService, TokenSpec
from voxel51.server.database.database import Database
from voxel51.server.errors import Unauthenticated

ALICE = User("1", "alice")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def recent(clock):
    return RecentCallers(clock)


def test_caller_is_known_for_a_moment_after_a_check(recent, clock):
    assert recent.get("a") is None
    assert recent.find("a", lambda: ALICE) is ALICE
    clock.now = RECALL_SECONDS * 0.99
    assert recent.find("a", pytest.fail) is ALICE
    clock.now = RECALL_SECONDS
    assert recent.get("a") is None


def test_refused_credential_is_checked_each_time(recent):
    def refuse():
        raise Unauthenticated("unknown")

    for _ in range(2):
        with pytest.raises(Unauthenticated):
            recent.find("a", refuse)
    assert recent.get("a") is None


def test_commit_during_a_check_makes_its_result_count_once(recent):
    def check():
        recent.clear()
        return ALICE

    assert recent.find("a", check) is ALICE
    assert recent.get("a") is None


def test_many_callers_take_bounded_memory(recent):
    for number in range(30_000):
        recent.find(number, lambda: ALICE)
    assert len(recent._callers) <= 10_000


def test_revocation_counts_at_once_in_its_process_and_after_a_second_in_others(database_url, clock):
    own, other = Database(database_url), Database(database_url)
    own.migrate()
    try:
        callers = {each: RecentCallers(clock) for each in (own, other)}
        for database, recent in callers.items():
            database.on_write(recent.clear)
        alice, tokens = AccountService(own).create_user("alice"), TokenService(own)
        issued = tokens.issue(COMMAND_LINE, alice, TokenSpec("laptop"), "http://x")["access_token"]

        def caller(database):
            accounts = AccountService(database)
            return callers[database].find("laptop", lambda: accounts.authenticate(issued["private_key"]))

        assert [caller(own).id, caller(other).id, caller(other).id] == [alice.id] * 3
        tokens.revoke(COMMAND_LINE, alice, issued["token_id"])

        with pytest.raises(Unauthenticated):
            caller(own)
        clock.now = RECALL_SECONDS
        with pytest.raises(Unauthenticated):
            caller(other)
    finally:
        own.close()
        other.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_running_platform_refuses_revoked_tokens(kind, request, start_platform, tmp_path):
    is_postgresql = kind == "postgresql"
    url = request.getfixturevalue("postgresql").database() if is_postgresql else ""
    platform = start_platform(environment={"VOXEL51_SERVER_DATABASE_URL": url})
    alice, bob = Account.create(platform, tmp_path), Account.create(platform, tmp_path)

    def status(user):
        return requests.get(f"{user.v1}/jobs/unknown", headers=user.headers, timeout=LIMIT_SECONDS).status_code

    def token_ids(user):
        listed = requests.get(f"{user.v1}/account/tokens", headers=user.headers, timeout=LIMIT_SECONDS).json()
        return [token["id"] for token in listed["tokens"]]

    # By the process itself: the next request is refused.
    [own_id] = token_ids(alice)
    assert [status(alice) for _ in range(3)] == [404] * 3
    url = f"{alice.v1}/account/tokens/{own_id}"
    assert requests.delete(url, headers=alice.headers, timeout=LIMIT_SECONDS).status_code == 204
    assert status(alice) == 401

    # By another process: a request is refused soon, although each one before was answered.
    [other_id] = token_ids(bob)
    assert status(bob) == 404
    platform.run_command("server", "user", "tokens", bob.name, "--revoke", other_id)
    wait_until(lambda: status(bob) == 401)
