"""Uploads that ask to reuse a record of the same bytes, and records that are found by their hash."""

import hashlib
import os
from datetime import timedelta

import pytest

from support.databases import migrated_sqlite
from voxel51.server.data.contents import StoredContent
from voxel51.server.data.reuse import ReuseService
from voxel51.server.data.uploads_service import NewUpload
from voxel51.server.errors import BadRequest, NotFound
from voxel51.wire import dates
from voxel51.wire import uploads as tus

SAME = b"the same bytes"
CONTENT = StoredContent(len(SAME), hashlib.sha256(SAME).hexdigest())


@pytest.fixture
def database_url(tmp_path):
    """The URL of a SQLite database; nothing here depends on the kind of database."""
    return migrated_sqlite(tmp_path / "platform.sqlite")


@pytest.fixture
def reuse(services):
    return ReuseService(services.database, services.storage, timedelta(days=3))


def path_of(services, tmp_path, user, data_id):
    folder, _, name = services.data.find(user.id, data_id).storage_key.partition("/")
    return tmp_path / "storage" / folder / name[:1] / name


def overwrite(path):
    path.write_bytes(b"x" * len(SAME))


def test_same_bytes_return_present_record_on_request_only(services, alice, bob):
    first = services.add(alice, SAME)

    assert services.add(alice, SAME, reuse=True) == first
    assert services.add(alice, SAME) != first
    assert services.add(alice, b"other bytes....", reuse=True) != first
    assert services.add(bob, SAME, reuse=True) != first


def test_record_with_the_same_name_is_preferred(services, alice):
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        services.add(alice, SAME, name)

    reused = services.add(alice, SAME, "b.mp4", reuse=True)

    assert services.data.details(alice, reused)["name"] == "b.mp4"


def test_reused_record_lives_as_long_as_a_new_one_would(services, alice):
    soon, late = (dates.to_text(dates.now() + timedelta(days=days)) for days in (1, 9))
    first = services.add(alice, SAME, ttl=soon)

    for ttl in (late, soon):
        assert services.add(alice, SAME, ttl=ttl, reuse=True) == first
        assert services.data.details(alice, first)["expiration_date"] == late


@pytest.mark.parametrize("damage", [os.unlink, overwrite])
def test_reused_record_is_repaired(services, alice, tmp_path, damage):
    first = services.add(alice, SAME)
    damage(path_of(services, tmp_path, alice, first))

    assert services.add(alice, SAME, reuse=True) == first
    assert services.content(alice, first) == SAME


def test_resumable_upload_reuses_record(services, alice):
    first = services.add(alice, SAME)
    metadata = {"filename": "copy.mp4", "reuse": "true"}
    new = NewUpload(len(SAME), tus.metadata_to_header(metadata), metadata, None)
    upload_id = services.uploads.create(alice.id, new, None).id
    writer = services.uploads.open(alice.id, upload_id, 0, None)
    writer.write(SAME)
    writer.close(complete=True)

    assert services.uploads.settle(alice.id, writer).data_id == first
    with pytest.raises(BadRequest, match="reuse must be true or false"):
        services.uploads.create(alice.id, NewUpload(1, "", {"reuse": "perhaps"}, None), None)


def test_record_is_found_by_hash_without_an_upload(services, reuse, alice, bob):
    first = services.add(alice, SAME, "gate.mp4")

    reuse.check(alice.id, CONTENT)

    assert reuse.record(alice.id, CONTENT, "copy.mp4", None)["id"] == first
    for user, content in (
        (bob, CONTENT),
        (alice, StoredContent(1, CONTENT.sha256)),
        (alice, StoredContent(14, "0" * 64)),
    ):
        with pytest.raises(NotFound, match="Upload the file"):
            reuse.check(user.id, content)
        with pytest.raises(NotFound, match="Upload the file"):
            reuse.record(user.id, content, None, None)


@pytest.mark.parametrize("damage", [os.unlink, lambda path: os.truncate(path, 3), overwrite])
def test_damaged_file_is_not_found_by_hash(services, reuse, alice, tmp_path, damage):
    damage(path_of(services, tmp_path, alice, services.add(alice, SAME)))

    with pytest.raises(NotFound, match="Upload the file"):
        reuse.check(alice.id, CONTENT)


def test_touched_but_intact_file_is_found_by_hash(services, reuse, alice, tmp_path):
    path_of(services, tmp_path, alice, services.add(alice, SAME)).write_bytes(SAME)

    reuse.check(alice.id, CONTENT)
