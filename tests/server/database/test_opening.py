"""Opening a database, and rejecting one that would cost the platform its files or its jobs."""

import shutil
import uuid
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from voxel51.server.accounts.tables import users
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.opening import adopt, open_database
from voxel51.server.settings import Settings
from voxel51.wire import dates


def open_in(folder: Path, url: str = "") -> None:
    open_database(Settings(dir=str(folder), database_url=url)).close()


def store(folder: Path, key: str) -> Path:
    parent, _, name = key.partition("/")
    path = folder / "storage" / parent / name[0] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a video")
    return path


def record_data(url: str, keys: list[str]) -> None:
    """Record files of one user."""
    database = Database(url)
    with database.write() as connection:
        connection.execute(insert(users).values(id="u", name="u", created_at=dates.now()))
        row = {"owner_id": "u", "name": "v", "size_bytes": 7, "media_type": "video/mp4", "encoding": "7bit",
               "upload_date": dates.now(), "expiration_date": dates.now()}  # fmt: skip
        connection.execute(insert(data), [{"id": str(uuid.uuid4()), "storage_key": key, **row} for key in keys])
    database.close()


def test_empty_database_beside_stored_files_is_rejected(tmp_path: Path) -> None:
    stored = store(tmp_path, "data/a-file")

    with pytest.raises(RuntimeError, match=r"is new, but .*storage holds files"):
        open_in(tmp_path)

    with pytest.raises(RuntimeError, match="is new"):  # the first try must not have made it look old
        open_in(tmp_path)
    assert stored.exists()


def test_database_is_reopened_beside_its_files(tmp_path: Path) -> None:
    open_in(tmp_path)
    store(tmp_path, "data/a-file")

    open_in(tmp_path)


def test_second_platform_on_one_database_is_rejected(tmp_path: Path, database_url: str) -> None:
    open_in(tmp_path / "first", database_url)

    for _ in range(2):
        with pytest.raises(RuntimeError, match="belongs to the platform with the storage") as raised:
            open_in(tmp_path / "second", database_url)

    assert str(tmp_path / "first") in str(raised.value)
    assert "adopt-storage" in str(raised.value)
    open_in(tmp_path / "first", database_url)


def test_data_folder_may_be_moved_and_restored(tmp_path: Path, database_url: str) -> None:
    open_in(tmp_path / "first", database_url)
    shutil.copytree(tmp_path / "first", tmp_path / "backup")
    (tmp_path / "first").rename(tmp_path / "moved")

    open_in(tmp_path / "moved", database_url)
    shutil.rmtree(tmp_path / "moved")
    shutil.copytree(tmp_path / "backup", tmp_path / "restored")
    open_in(tmp_path / "restored", database_url)


def test_storage_of_a_backup_without_an_id_is_known_by_its_files(tmp_path: Path, database_url: str) -> None:
    open_in(tmp_path / "first", database_url)
    keys = [f"data/{uuid.uuid4()}" for _ in range(10)]
    record_data(database_url, keys)
    for key in keys:
        store(tmp_path / "old", key)
    store(tmp_path / "stranger", keys[0])

    open_in(tmp_path / "old", database_url)

    with pytest.raises(RuntimeError, match="has no storage of this platform"):
        open_in(tmp_path / "stranger", database_url)


def test_database_restored_from_before_the_ids_learns_that_of_its_storage(tmp_path: Path, database_url: str) -> None:
    open_in(tmp_path / "first", database_url)
    keys = [f"data/{uuid.uuid4()}" for _ in range(10)]
    record_data(database_url, keys)
    for key in keys:
        store(tmp_path / "first", key)
    open_in(tmp_path / "stranger")
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(text("DELETE FROM platform"))
    database.close()

    with pytest.raises(RuntimeError, match=r"records files that the storage of .* does not have"):
        open_in(tmp_path / "stranger", database_url)

    open_in(tmp_path / "first", database_url)


def test_operator_can_join_a_database_and_another_storage(tmp_path: Path, database_url: str) -> None:
    open_in(tmp_path / "lost", database_url)

    adopt(Settings(dir=str(tmp_path / "new"), database_url=database_url))

    open_in(tmp_path / "new", database_url)
    with pytest.raises(RuntimeError, match="belongs to the platform"):
        open_in(tmp_path / "lost", database_url)


def test_database_of_a_newer_version_is_rejected_with_that_version(tmp_path: Path) -> None:
    open_in(tmp_path)
    database = Database(sqlite_url(tmp_path / "platform.sqlite"))
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE platform SET program_version = '7.8.9'"))
    database.close()

    with pytest.raises(RuntimeError, match=r"newer version of voxel51-platform, 7\.8\.9 \(schema 9999\)"):
        open_in(tmp_path)
