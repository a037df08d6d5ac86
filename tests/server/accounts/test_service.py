"""Users, and the tokens that stand for them."""

import re
import sqlite3

import pytest

from voxel51.server.accounts.service import AccountService
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.errors import BadRequest, Conflict, NotFound, Unauthenticated


@pytest.fixture
def accounts(tmp_path):
    database = Database(sqlite_url(tmp_path / "platform.sqlite"))
    database.migrate()
    yield AccountService(database)
    database.close()


def test_a_token_stands_for_its_user_until_it_is_revoked(accounts):
    alice = accounts.create_user("alice")
    token = accounts.issue_token("alice", "laptop", "http://x")["access_token"]
    assert accounts.authenticate(token["private_key"]) == alice
    accounts.revoke_token("alice", token["token_id"])
    accounts.revoke_token("alice", token["token_id"])
    with pytest.raises(Unauthenticated):
        accounts.authenticate(token["private_key"])
    [listed] = accounts.list_tokens("alice")
    assert listed.name == "laptop"
    assert listed.revoked_at is not None


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "é", "x" * 65, "voxel51", "Admin", "apps", "a\n"])
def test_names_that_will_not_do_are_refused(accounts, name):
    with pytest.raises(BadRequest, match=re.escape(repr(name))):
        accounts.create_user(name)


def test_a_name_is_taken_once(accounts):
    accounts.create_user("alice")
    with pytest.raises(Conflict, match="alice"):
        accounts.create_user("alice")


def test_a_short_password_is_refused_and_no_user_is_left(accounts):
    with pytest.raises(BadRequest, match="8"):
        accounts.create_user("alice", "short")
    with pytest.raises(NotFound):
        accounts.list_tokens("alice")


def test_a_token_of_somebody_else_cannot_be_revoked(accounts):
    accounts.create_user("alice")
    accounts.create_user("bob")
    token = accounts.issue_token("alice", "laptop", "http://x")["access_token"]
    with pytest.raises(NotFound):
        accounts.revoke_token("bob", token["token_id"])
    assert accounts.authenticate(token["private_key"]).name == "alice"


def test_neither_keys_nor_passwords_are_kept(accounts, tmp_path):
    accounts.create_user("alice", "correct horse")
    key = accounts.issue_token("alice", "laptop", "http://x")["access_token"]["private_key"]
    with sqlite3.connect(tmp_path / "platform.sqlite") as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert key not in dump
    assert "correct horse" not in dump
    assert "$argon2id$" in dump


@pytest.mark.parametrize("key", ["", "v51_guess", "\udcff"])
def test_keys_that_are_none_are_refused(accounts, key):
    with pytest.raises(Unauthenticated):
        accounts.authenticate(key)
