"""Resumable uploads: which bytes are kept or rejected, and recovery after a crash."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from support.data_services import open_rooms
from voxel51.server.data.tables import uploads
from voxel51.server.data.upload_writer import Checksum
from voxel51.server.data.uploads_service import NewUpload
from voxel51.server.database.search import Query
from voxel51.server.errors import BadRequest, Conflict, Damaged, Locked, NotFound, TooLarge
from voxel51.wire import dates

CONTENT = b"0123456789"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def send(rooms, user, upload_id, piece, offset=None, complete=True, checksum=None):
    offset = rooms.uploads.state(user.id, upload_id).offset_bytes if offset is None else offset
    appender = rooms.uploads.open(user.id, upload_id, offset, checksum)
    try:
        appender.write(piece)
    finally:
        appender.close(complete)
    return rooms.uploads.settle(user.id, appender) if complete else rooms.uploads.state(user.id, upload_id)


def test_finished_upload_has_hash_of_whole_file(rooms, alice):
    upload_id = rooms.begin(alice, 10)
    assert send(rooms, alice, upload_id, CONTENT[:4]).data_id is None

    state = send(rooms, alice, upload_id, CONTENT[4:])

    assert (state.offset_bytes, state.sha256) == (10, SHA256)
    assert rooms.content(alice, state.data_id) == CONTENT
    assert rooms.data.details(alice, state.data_id)["sha256"] == SHA256
    assert rooms.uploads.state(alice.id, upload_id) == state


def test_bytes_before_broken_connection_are_kept(rooms, alice):
    upload_id = rooms.begin(alice, 10)
    assert send(rooms, alice, upload_id, CONTENT[:7], complete=False).offset_bytes == 7
    assert send(rooms, alice, upload_id, CONTENT[7:]).sha256 == SHA256


def test_upload_continues_after_restart(rooms, alice, tmp_path, database_url):
    upload_id = rooms.begin(alice, 10)
    send(rooms, alice, upload_id, CONTENT[:7])
    again = open_rooms(tmp_path, database_url)

    state = send(again, alice, upload_id, CONTENT[7:], offset=7)

    assert state.sha256 == SHA256
    assert again.content(alice, state.data_id) == CONTENT
    again.database.close()


def test_crash_between_file_and_record_is_recovered(rooms, alice, tmp_path, database_url):
    upload_id = rooms.begin(alice, 10)
    appender = rooms.uploads.open(alice.id, upload_id, 0, None)
    appender.write(CONTENT)
    appender.close(True)
    with rooms.database.read() as connection:
        key = connection.execute(select(uploads.c.storage_key)).scalar_one()
    rooms.storage.partial.finish(key)  # and then it died
    again = open_rooms(tmp_path, database_url)

    first, second = (again.uploads.state(alice.id, upload_id) for _ in range(2))

    assert first == second
    assert again.content(alice, first.data_id) == CONTENT
    assert again.data.query(alice, Query())["count"] == 1
    again.database.close()


def test_same_bytes_as_before_are_stored_once(rooms, alice):
    rooms.add(alice, CONTENT)
    state = send(rooms, alice, rooms.begin(alice, 10), CONTENT)

    assert len(rooms.keys()) == 1
    assert rooms.content(alice, state.data_id) == CONTENT


def test_empty_upload_is_finished_at_once(rooms, alice):
    state = rooms.uploads.create(alice.id, NewUpload(0, "", {}, None), None)
    assert rooms.content(alice, state.data_id) == b""


@pytest.mark.parametrize("first", [CONTENT, CONTENT[:3]], ids=["all of it", "some of it"])
def test_upload_may_start_with_bytes(rooms, alice, first):
    writer = rooms.storage.writer("data/first")
    writer.write(first)
    state = rooms.uploads.create(alice.id, NewUpload(10, "", {}, None), writer)

    assert state.offset_bytes == len(first)
    if len(first) < 10:
        state = send(rooms, alice, state.id, CONTENT[len(first) :])
    assert rooms.content(alice, state.data_id) == CONTENT
    assert len(rooms.keys()) == 1


@pytest.mark.parametrize("offset", [0, 3, 5, 10])
def test_wrong_offset_is_rejected(rooms, alice, offset):
    upload_id = rooms.begin(alice, 10)
    send(rooms, alice, upload_id, CONTENT[:4])

    with pytest.raises(Conflict, match="has 4 bytes"):
        rooms.uploads.open(alice.id, upload_id, offset, None)


def test_concurrent_request_is_locked_out(rooms, alice):
    upload_id = rooms.begin(alice, 10)
    first = rooms.uploads.open(alice.id, upload_id, 0, None)
    with pytest.raises(Locked):
        rooms.uploads.open(alice.id, upload_id, 0, None)
    first.write(CONTENT)
    first.close(True)
    assert rooms.uploads.settle(alice.id, first).sha256 == SHA256


def test_idle_request_is_replaced_and_cannot_write(rooms, alice, monkeypatch):
    upload_id = rooms.begin(alice, 10)
    dead = rooms.uploads.open(alice.id, upload_id, 0, None)
    dead.write(CONTENT[:4])
    monkeypatch.setattr("voxel51.server.data.uploads_service._IDLE_SECONDS", 0.0)

    alive = rooms.uploads.open(alice.id, upload_id, 4, None)

    with pytest.raises(Conflict):
        dead.write(b"late")
    dead.close(False)
    alive.write(CONTENT[4:])
    alive.close(True)
    assert rooms.uploads.settle(alice.id, alive).sha256 == SHA256


def test_excess_bytes_are_not_kept(rooms, alice):
    upload_id = rooms.begin(alice, 10)
    with pytest.raises(TooLarge):
        send(rooms, alice, upload_id, CONTENT + b"!")
    assert send(rooms, alice, upload_id, CONTENT).sha256 == SHA256


@pytest.mark.parametrize("complete", [True, False], ids=["wrong", "cut"])
def test_body_with_checksum_is_kept_whole_or_not(rooms, alice, complete):
    upload_id = rooms.begin(alice, 10)
    send(rooms, alice, upload_id, CONTENT[:4])
    right = Checksum("sha1", hashlib.sha1(CONTENT[4:]).digest())
    with pytest.raises(Damaged if complete else Conflict):
        send(rooms, alice, upload_id, b"oops", checksum=right, complete=complete)
        raise Conflict("cut: nobody is told")

    assert rooms.uploads.state(alice.id, upload_id).offset_bytes == 4
    assert send(rooms, alice, upload_id, CONTENT[4:], checksum=right).sha256 == SHA256


def test_upload_with_wrong_hash_is_deleted(rooms, alice):
    upload_id = rooms.begin(alice, 10, sha256="ab" * 32)
    with pytest.raises(BadRequest) as refusal:
        send(rooms, alice, upload_id, CONTENT)
    assert SHA256 in str(refusal.value)
    assert "ab" * 32 in str(refusal.value)
    with pytest.raises(NotFound):
        rooms.uploads.state(alice.id, upload_id)
    assert (rooms.keys(), list(rooms.storage.partial.unfinished())) == (set(), [])


def test_too_large_upload_is_rejected(rooms, alice):
    with pytest.raises(TooLarge, match="1000"):
        rooms.begin(alice, 1001)


def test_deleted_upload_leaves_only_finished_data(rooms, alice):
    half, whole = rooms.begin(alice, 10), rooms.begin(alice, 10)
    send(rooms, alice, half, CONTENT[:4])
    data_id = send(rooms, alice, whole, CONTENT).data_id

    rooms.uploads.delete(alice.id, half)
    rooms.uploads.delete(alice.id, whole)

    assert list(rooms.storage.partial.unfinished()) == []
    assert rooms.content(alice, data_id) == CONTENT


def test_idle_upload_expires(rooms, alice):
    old, young = rooms.begin(alice, 10), rooms.begin(alice, 10)
    for upload_id in (old, young):
        send(rooms, alice, upload_id, CONTENT[:4])
    with rooms.database.write() as connection:
        past = {"expires_at": dates.now() - timedelta(seconds=1)}
        connection.execute(update(uploads).where(uploads.c.id == old).values(past))

    assert rooms.uploads.expire() == 1

    assert len(list(rooms.storage.partial.unfinished())) == 1
    assert send(rooms, alice, young, CONTENT[4:]).sha256 == SHA256


def test_upload_is_private_to_its_owner(rooms, alice, bob):
    upload_id = rooms.begin(alice, 10)
    for act in (rooms.uploads.state, rooms.uploads.delete, lambda o, u: rooms.uploads.open(o, u, 0, None)):
        with pytest.raises(NotFound):
            act(bob.id, upload_id)
