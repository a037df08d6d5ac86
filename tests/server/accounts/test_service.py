"""Users, tokens, roles and scopes."""

import re
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import update

from support.databases import migrated_sqlite
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.accounts.passwords import check_new_password, hash_password
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tables import tokens as token_table
from voxel51.server.accounts.tokens import TokenService, TokenSpec, hash_key
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthenticated
from voxel51.wire import dates
from voxel51.wire.accounts import Role, Scope


@pytest.fixture
def database(tmp_path):
    database = Database(migrated_sqlite(tmp_path / "platform.sqlite"))
    yield database
    database.close()


@pytest.fixture
def accounts(database):
    return AccountService(database)


@pytest.fixture
def tokens(database):
    return TokenService(database)


def issue(tokens, holder, name="laptop", **terms):
    return tokens.issue(COMMAND_LINE, holder, TokenSpec(name, **terms), "http://x")["access_token"]


def test_token_authenticates_until_revoked(accounts, tokens):
    alice = accounts.create_user("alice")
    token = issue(tokens, alice)
    assert accounts.authenticate(token["private_key"]).id == alice.id
    tokens.revoke(COMMAND_LINE, alice, token["token_id"])
    tokens.revoke(COMMAND_LINE, alice, token["token_id"])
    with pytest.raises(Unauthenticated):
        accounts.authenticate(token["private_key"])
    [listed] = tokens.all(alice)
    assert listed["name"] == "laptop"
    assert listed["revoked_at"] is not None


def test_what_the_original_client_prints_of_a_key_does_not_reveal_it(accounts, tokens):
    key = issue(tokens, accounts.create_user("alice"))["private_key"]
    printed = key if len(key) <= 51 else key[:47]
    assert len(key) - len(printed) >= 43  # base64 characters: 256 bits


def test_token_with_a_key_of_an_earlier_version_stays_valid(accounts, tokens, database):
    alice = accounts.create_user("alice")
    token, key = issue(tokens, alice), "v51_" + "k" * 43
    with database.write() as connection:
        chosen = token_table.c.id == token["token_id"]
        connection.execute(update(token_table).where(chosen).values(key_hash=hash_key(key)))
    assert accounts.authenticate(key).name == "alice"


def test_token_expires(accounts, tokens):
    alice = accounts.create_user("alice")
    key = issue(tokens, alice, expires_at=dates.now() - timedelta(seconds=1))["private_key"]
    with pytest.raises(Unauthenticated, match="expired on"):
        accounts.authenticate(key)


def test_last_use_of_token_is_recorded(accounts, tokens):
    alice = accounts.create_user("alice")
    key = issue(tokens, alice)["private_key"]
    assert tokens.all(alice)[0]["last_used_at"] is None
    accounts.authenticate(key)
    first = tokens.all(alice)[0]["last_used_at"]
    accounts.authenticate(key)
    assert first is not None
    assert tokens.all(alice)[0]["last_used_at"] == first


@pytest.mark.parametrize(
    ("role", "scopes", "good_for"),
    [
        (Role.OPERATOR, None, {"read", "upload", "run", "manage"}),
        (Role.OPERATOR, {Scope.ADMINISTER}, {"administer"}),
        (Role.MEMBER, {Scope.ADMINISTER, Scope.READ}, {"read"}),
        (Role.MEMBER, {Scope.UPLOAD}, {"upload"}),
        (Role.VIEWER, None, {"read", "manage"}),
        (Role.VIEWER, {Scope.RUN}, set()),
    ],
)
def test_credential_scopes_are_limited_by_role(accounts, tokens, role, scopes, good_for):
    user = accounts.create_user("alice", role=role)
    key = issue(tokens, user, scopes=None if scopes is None else frozenset(scopes))["private_key"]
    found = accounts.authenticate(key)
    assert found.scopes == good_for
    for scope in Scope:
        if scope in good_for:
            found.require(scope)
        else:
            with pytest.raises(Forbidden, match=scope):
                found.require(scope)


def test_token_cannot_issue_more_scopes(accounts, tokens):
    alice = accounts.create_user("alice")
    small = accounts.authenticate(issue(tokens, alice, scopes=frozenset({Scope.MANAGE, Scope.READ}))["private_key"])
    for scopes in (None, frozenset({Scope.READ, Scope.RUN})):
        with pytest.raises(Forbidden, match="run"):
            tokens.issue(small, alice, TokenSpec("larger", scopes), "http://x")
    large = issue(tokens, alice)
    with pytest.raises(Forbidden, match="upload"):
        tokens.rotate(small, alice, large["token_id"], 0, "http://x")
    assert tokens.issue(small, alice, TokenSpec("as small", frozenset({Scope.READ})), "http://x")


@pytest.mark.parametrize("overlap", [0, 3600])
def test_rotated_token_has_new_key_and_same_properties(accounts, tokens, overlap):
    alice = accounts.create_user("alice")
    old = issue(tokens, alice, scopes=frozenset({Scope.READ}), expires_at=dates.now() + timedelta(days=9))
    new = tokens.rotate(COMMAND_LINE, alice, old["token_id"], overlap, "http://x")["access_token"]
    assert accounts.authenticate(new["private_key"]).scopes == {Scope.READ}
    first, second = tokens.all(alice)
    assert (second["name"], second["scopes"], second["expires_at"][:10]) == (
        first["name"], first["scopes"], (dates.now() + timedelta(days=9)).isoformat()[:10],
    )  # fmt: skip
    if overlap:
        assert accounts.authenticate(old["private_key"]).id == alice.id
    else:
        with pytest.raises(Unauthenticated):
            accounts.authenticate(old["private_key"])
        with pytest.raises(BadRequest, match="no longer valid"):
            tokens.rotate(COMMAND_LINE, alice, old["token_id"], overlap, "http://x")


@pytest.mark.parametrize("overlap", [-1, 1e300, float("nan")])
def test_invalid_overlap_is_rejected(accounts, tokens, overlap):
    alice = accounts.create_user("alice")
    with pytest.raises(BadRequest, match="overlap_seconds"):
        tokens.rotate(COMMAND_LINE, alice, issue(tokens, alice)["token_id"], overlap, "http://x")


def test_first_user_is_operator_and_last_operator_stays(accounts):
    accounts.create_user("alice")
    accounts.create_user("bob")
    assert [account["role"] for account in accounts.all()] == ["operator", "member"]
    for change in ({"role": Role.MEMBER}, {"suspended": True}):
        with pytest.raises(Conflict, match="last operator"):
            accounts.change(COMMAND_LINE, "alice", change)
    accounts.change(COMMAND_LINE, "bob", {"role": Role.OPERATOR})
    assert accounts.change(COMMAND_LINE, "alice", {"role": Role.VIEWER})["role"] == "viewer"


def test_suspended_user_is_rejected_until_resumed(accounts, tokens):
    accounts.create_user("operator")
    bob = accounts.create_user("bob")
    key = issue(tokens, bob)["private_key"]
    accounts.change(COMMAND_LINE, "bob", {"suspended": True})
    with pytest.raises(Forbidden, match="suspended"):
        accounts.authenticate(key)
    accounts.change(COMMAND_LINE, "bob", {"suspended": False})
    assert accounts.authenticate(key).id == bob.id


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "é", "x" * 65, "voxel51", "Admin", "apps", "a\n"])
def test_invalid_names_are_rejected(accounts, name):
    with pytest.raises(BadRequest, match=re.escape(repr(name))):
        accounts.create_user(name)


@pytest.mark.parametrize("name", ["alice", "Alice", "ALICE"])
def test_names_are_unique_in_upper_and_lower_case(accounts, database, name):
    accounts.create_user("alice")
    ApplicationService(database).create("gallery")
    with pytest.raises(Conflict, match="A user named 'alice' already exists"):
        accounts.create_user(name)
    with pytest.raises(Conflict, match="A user named 'alice' already exists"):
        ApplicationService(database).create(name)
    with pytest.raises(Conflict, match="An application named 'gallery' already exists"):
        accounts.create_user("Gallery")


def test_passwords_of_wrong_length_or_text_are_refused_before_they_are_hashed():
    for password in ("short", "x" * 1025, "\ud800 is not text"):
        with pytest.raises(BadRequest, match=r"8 to 1024|not valid text"):
            check_new_password(password)


def test_token_of_another_user_cannot_be_revoked(accounts, tokens):
    alice, bob = accounts.create_user("alice"), accounts.create_user("bob")
    token = issue(tokens, alice)
    with pytest.raises(NotFound):
        tokens.revoke(bob, bob, token["token_id"])
    assert accounts.authenticate(token["private_key"]).name == "alice"


def test_keys_and_passwords_are_not_stored(accounts, tokens, tmp_path):
    alice = accounts.create_user("alice", hash_password("correct horse"))
    key = issue(tokens, alice)["private_key"]
    with sqlite3.connect(tmp_path / "platform.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    stored = (tmp_path / "platform.sqlite").read_bytes()  # all of it, with the indexes
    assert key.encode() not in stored
    assert b"correct horse" not in stored
    assert b"$argon2id$" in stored


@pytest.mark.parametrize("key", ["", "v51_guess", "\udcff"])
def test_invalid_keys_are_rejected(accounts, key):
    with pytest.raises(Unauthenticated):
        accounts.authenticate(key)
