"""Stored files that were lost or damaged below the platform: the next upload of the same bytes repairs them."""

import hashlib
import os
import shutil

import pytest
from sqlalchemy import select

from support.databases import migrated_sqlite
from voxel51.server.data.tables import data
from voxel51.server.errors import Lost, NotFound


@pytest.fixture
def database_url(tmp_path):
    """The URL of a SQLite database; nothing here depends on the kind of database."""
    return migrated_sqlite(tmp_path / "platform.sqlite")


def path_of(services, tmp_path, user, data_id):
    folder, _, name = services.data.find(user.id, data_id).storage_key.partition("/")
    return tmp_path / "storage" / folder / name[:1] / name


def truncate(path):
    os.truncate(path, 3)


def overwrite(path):
    path.write_bytes(b"x" * path.stat().st_size)


@pytest.mark.parametrize("damage", [os.unlink, truncate, overwrite])
@pytest.mark.parametrize("resumable", [False, True])
def test_upload_of_same_bytes_repairs_earlier_record(services, alice, tmp_path, damage, resumable):
    early = services.add(alice, b"the same bytes")
    damage(path_of(services, tmp_path, alice, early))

    late = upload_resumably(services, alice, b"the same bytes") if resumable else services.add(alice, b"the same bytes")

    assert late != early
    assert services.content(alice, late) == services.content(alice, early) == b"the same bytes"
    assert len(services.keys()) == 1


def test_file_of_data_that_was_deleted_meanwhile_is_not_reported_as_damaged(services, alice, bob):
    row, other = (services.data.find(user.id, services.add(user, b"bytes")) for user in (alice, bob))
    services.data.delete(alice, [row.id])
    services.storage.delete(other.storage_key)

    with pytest.raises(NotFound):
        services.data.check_intact(row)
    with pytest.raises(Lost):
        services.data.check_intact(other)


def upload_resumably(services, user, content):
    upload_id = services.begin(user, len(content))
    writer = services.uploads.open(user.id, upload_id, 0, None)
    writer.write(content)
    writer.close(complete=True)
    return services.uploads.settle(user.id, writer).data_id


@pytest.mark.parametrize("damage", [os.unlink, truncate])
def test_resumable_upload_continues_from_what_is_left_of_its_file(services, alice, tmp_path, damage):
    content = b"the same bytes"
    upload_id = services.begin(alice, len(content))
    writer = services.uploads.open(alice.id, upload_id, 0, None)
    writer.write(content[:8])
    writer.close(complete=True)
    services.uploads.settle(alice.id, writer)
    [partial] = (tmp_path / "storage" / "growing").iterdir()
    damage(partial)

    offset = services.uploads.state(alice.id, upload_id).offset_bytes
    writer = services.uploads.open(alice.id, upload_id, offset, None)
    writer.write(content[offset:])
    writer.close(complete=True)
    state = services.uploads.settle(alice.id, writer)

    assert offset in {0, 3}
    assert services.content(alice, state.data_id) == content
    assert services.data.details(alice, state.data_id)["sha256"] == hashlib.sha256(content).hexdigest()


def test_new_bytes_are_kept_if_damaged_file_cannot_be_replaced(services, alice, tmp_path):
    early = services.add(alice, b"the same bytes")
    path = path_of(services, tmp_path, alice, early)
    path.unlink()
    path.mkdir()  # a file cannot replace a folder

    late = services.add(alice, b"the same bytes")

    assert services.content(alice, late) == b"the same bytes"


def test_upload_that_is_refused_leaves_earlier_record_intact(services, alice, tmp_path):
    early = services.add(alice, b"the same bytes")
    path_of(services, tmp_path, alice, early).unlink()

    with pytest.raises(RuntimeError, match="rolled back"), services.database.write():
        services.add(alice, b"the same bytes")
        raise RuntimeError("rolled back")

    assert services.content(alice, early) == b"the same bytes"


def test_deletion_succeeds_if_storage_refuses(services, alice, tmp_path, caplog):
    data_id = services.add(alice, b"bytes")
    path = path_of(services, tmp_path, alice, data_id)
    path.unlink()
    path.mkdir()  # cannot be deleted as a file

    services.data.delete(alice, [data_id])

    with services.database.read() as connection:
        assert connection.execute(select(data.c.id)).all() == []
    assert "cannot be deleted" in caplog.text
    shutil.rmtree(path)
