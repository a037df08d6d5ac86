"""Opening a database, and rejecting one that would cost the platform its files."""

from pathlib import Path

import pytest

from voxel51.server.database.opening import open_database
from voxel51.server.settings import Settings


def test_empty_database_beside_stored_files_is_rejected(tmp_path: Path) -> None:
    stored = tmp_path / "storage" / "data" / "a" / "a-file"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"a video")

    with pytest.raises(RuntimeError, match=r"is new, but .*storage holds files"):
        open_database(Settings(dir=str(tmp_path)))

    with pytest.raises(RuntimeError, match="is new"):  # the first try must not have made it look old
        open_database(Settings(dir=str(tmp_path)))
    assert stored.exists()


def test_database_is_reopened_beside_its_files(tmp_path: Path) -> None:
    open_database(Settings(dir=str(tmp_path))).close()
    stored = tmp_path / "storage" / "data" / "a" / "a-file"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"a video")

    open_database(Settings(dir=str(tmp_path))).close()
