"""Resumable uploads: which bytes are kept or rejected, and recovery after a crash."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from support.data_services import open_data_services
from voxel51.server.data.tables import uploads
from voxel51.server.data.upload_writer import Checksum
from voxel51.server.data.uploads_service import NewUpload
from voxel51.server.database.search import Query
from voxel51.server.errors import BadRequest, Conflict, Damaged, Locked, NotFound, OutOfSpace, TooLarge
from voxel51.wire import dates

CONTENT = b"0123456789"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def send(services, user, upload_id, piece, offset=None, complete=True, checksum=None):
    offset = services.uploads.state(user.id, upload_id).offset_bytes if offset is None else offset
    appender = services.uploads.open(user.id, upload_id, offset, checksum)
    try:
        appender.write(piece)
    finally:
        appender.close(complete)
    return services.uploads.settle(user.id, appender) if complete else services.uploads.state(user.id, upload_id)


def test_finished_upload_has_hash_of_whole_file(services, alice):
    upload_id = services.begin(alice, 10)
    assert send(services, alice, upload_id, CONTENT[:4]).data_id is None

    state = send(services, alice, upload_id, CONTENT[4:])

    assert (state.offset_bytes, state.sha256) == (10, SHA256)
    assert services.content(alice, state.data_id) == CONTENT
    assert services.data.details(alice, state.data_id)["sha256"] == SHA256
    assert services.uploads.state(alice.id, upload_id) == state


def test_uploads_of_all_users_announce_no_more_than_the_disk_has_free(services, alice, bob, monkeypatch):
    free = {"bytes": 1500}
    monkeypatch.setattr(services.storage, "free_bytes", lambda: free["bytes"])
    first = services.begin(alice, 900)
    with pytest.raises(OutOfSpace, match=r"700 bytes do not fit: .* has 1500 bytes left, .* uploads need 900"):
        services.begin(bob, 700)
    services.begin(bob, 500)

    send(services, alice, first, bytes(400))  # announced, and no longer free
    free["bytes"] -= 400

    with pytest.raises(OutOfSpace, match=r"has 1100 bytes left, .* uploads need 1000"):
        services.begin(alice, 150)
    services.begin(alice, 50)


def test_bytes_before_broken_connection_are_kept(services, alice):
    upload_id = services.begin(alice, 10)
    assert send(services, alice, upload_id, CONTENT[:7], complete=False).offset_bytes == 7
    assert send(services, alice, upload_id, CONTENT[7:]).sha256 == SHA256


def test_upload_continues_after_restart(services, alice, tmp_path, database_url):
    upload_id = services.begin(alice, 10)
    send(services, alice, upload_id, CONTENT[:7])
    again = open_data_services(tmp_path, database_url)

    state = send(again, alice, upload_id, CONTENT[7:], offset=7)

    assert state.sha256 == SHA256
    assert again.content(alice, state.data_id) == CONTENT
    again.database.close()


def test_crash_between_file_and_record_is_recovered(services, alice, tmp_path, database_url):
    upload_id = services.begin(alice, 10)
    appender = services.uploads.open(alice.id, upload_id, 0, None)
    appender.write(CONTENT)
    appender.close(True)
    with services.database.read() as connection:
        key = connection.execute(select(uploads.c.storage_key)).scalar_one()
    services.storage.partial.finish(key)  # and then it died
    again = open_data_services(tmp_path, database_url)

    first, second = (again.uploads.state(alice.id, upload_id) for _ in range(2))

    assert first == second
    assert again.content(alice, first.data_id) == CONTENT
    assert again.data.query(alice, Query())["count"] == 1
    again.database.close()


def test_same_bytes_as_before_are_stored_once(services, alice):
    services.add(alice, CONTENT)
    state = send(services, alice, services.begin(alice, 10), CONTENT)

    assert len(services.keys()) == 1
    assert services.content(alice, state.data_id) == CONTENT


def test_empty_upload_is_finished_at_once(services, alice):
    state = services.uploads.create(alice.id, NewUpload(0, "", {}, None), None)
    assert services.content(alice, state.data_id) == b""


@pytest.mark.parametrize("first", [CONTENT, CONTENT[:3]], ids=["all of it", "some of it"])
def test_upload_may_start_with_bytes(services, alice, first):
    writer = services.storage.writer("data/first")
    writer.write(first)
    state = services.uploads.create(alice.id, NewUpload(10, "", {}, None), writer)

    assert state.offset_bytes == len(first)
    if len(first) < 10:
        state = send(services, alice, state.id, CONTENT[len(first) :])
    assert services.content(alice, state.data_id) == CONTENT
    assert len(services.keys()) == 1


@pytest.mark.parametrize("offset", [0, 3, 5, 10])
def test_wrong_offset_is_rejected(services, alice, offset):
    upload_id = services.begin(alice, 10)
    send(services, alice, upload_id, CONTENT[:4])

    with pytest.raises(Conflict, match="has 4 bytes"):
        services.uploads.open(alice.id, upload_id, offset, None)


def test_concurrent_request_is_locked_out(services, alice):
    upload_id = services.begin(alice, 10)
    first = services.uploads.open(alice.id, upload_id, 0, None)
    with pytest.raises(Locked):
        services.uploads.open(alice.id, upload_id, 0, None)
    first.write(CONTENT)
    first.close(True)
    assert services.uploads.settle(alice.id, first).sha256 == SHA256


def test_idle_request_is_replaced_and_cannot_write(services, alice, monkeypatch):
    upload_id = services.begin(alice, 10)
    dead = services.uploads.open(alice.id, upload_id, 0, None)
    dead.write(CONTENT[:4])
    monkeypatch.setattr("voxel51.server.data.uploads_service._IDLE_SECONDS", 0.0)

    alive = services.uploads.open(alice.id, upload_id, 4, None)

    with pytest.raises(Conflict):
        dead.write(b"late")
    dead.close(False)
    alive.write(CONTENT[4:])
    alive.close(True)
    assert services.uploads.settle(alice.id, alive).sha256 == SHA256


def test_excess_bytes_are_not_kept(services, alice):
    upload_id = services.begin(alice, 10)
    with pytest.raises(TooLarge):
        send(services, alice, upload_id, CONTENT + b"!")
    assert send(services, alice, upload_id, CONTENT).sha256 == SHA256


@pytest.mark.parametrize("complete", [True, False], ids=["wrong", "cut"])
def test_body_with_checksum_is_kept_whole_or_not(services, alice, complete):
    upload_id = services.begin(alice, 10)
    send(services, alice, upload_id, CONTENT[:4])
    right = Checksum("sha1", hashlib.sha1(CONTENT[4:]).digest())
    with pytest.raises(Damaged if complete else Conflict):
        send(services, alice, upload_id, b"oops", checksum=right, complete=complete)
        raise Conflict("cut: no error is reported")

    assert services.uploads.state(alice.id, upload_id).offset_bytes == 4
    assert send(services, alice, upload_id, CONTENT[4:], checksum=right).sha256 == SHA256


def test_upload_with_wrong_hash_is_deleted(services, alice):
    upload_id = services.begin(alice, 10, sha256="ab" * 32)
    with pytest.raises(BadRequest) as refusal:
        send(services, alice, upload_id, CONTENT)
    assert SHA256 in str(refusal.value)
    assert "ab" * 32 in str(refusal.value)
    with pytest.raises(NotFound):
        services.uploads.state(alice.id, upload_id)
    assert (services.keys(), list(services.storage.partial.unfinished())) == (set(), [])


def test_too_large_upload_is_rejected(services, alice):
    with pytest.raises(TooLarge, match="1000"):
        services.begin(alice, 1001)


def test_deleted_upload_leaves_only_finished_data(services, alice):
    half, whole = services.begin(alice, 10), services.begin(alice, 10)
    send(services, alice, half, CONTENT[:4])
    data_id = send(services, alice, whole, CONTENT).data_id

    services.uploads.delete(alice.id, half)
    services.uploads.delete(alice.id, whole)

    assert list(services.storage.partial.unfinished()) == []
    assert services.content(alice, data_id) == CONTENT


def test_upload_that_is_being_finished_cannot_be_deleted(services, alice, monkeypatch):
    upload_id = services.begin(alice, 10)
    finish = services.storage.partial.finish

    def delete_meanwhile(key):
        with pytest.raises(Locked, match="being finished"):
            services.uploads.delete(alice.id, upload_id)
        finish(key)

    monkeypatch.setattr(services.storage.partial, "finish", delete_meanwhile)
    state = send(services, alice, upload_id, CONTENT)

    assert services.content(alice, state.data_id) == CONTENT


def test_idle_upload_expires(services, alice):
    old, young = services.begin(alice, 10), services.begin(alice, 10)
    for upload_id in (old, young):
        send(services, alice, upload_id, CONTENT[:4])
    with services.database.write() as connection:
        past = {"expires_at": dates.now() - timedelta(seconds=1)}
        connection.execute(update(uploads).where(uploads.c.id == old).values(past))

    assert services.uploads.expire() == 1

    assert len(list(services.storage.partial.unfinished())) == 1
    assert send(services, alice, young, CONTENT[4:]).sha256 == SHA256


def test_upload_is_private_to_its_owner(services, alice, bob):
    upload_id = services.begin(alice, 10)
    for act in (services.uploads.state, services.uploads.delete, lambda o, u: services.uploads.open(o, u, 0, None)):
        with pytest.raises(NotFound):
            act(bob.id, upload_id)
