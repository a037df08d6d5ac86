"""Sources that users register: allowed locations, limits, huge folders, and removals while files are registered."""

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from voxel51.server.accounts.tables import applications, users
from voxel51.server.data.in_place import InPlaceService
from voxel51.server.data.source_scan import SourceScan
from voxel51.server.data.tables import data, source_files, sources
from voxel51.server.encryption import Cipher
from voxel51.server.errors import BadRequest, Conflict, Forbidden, NotFound, OverQuota, SourceRefused
from voxel51.server.source_locations import SourceLocations, read_source_locations
from voxel51.server.storage.in_place import FolderSource, allowed_root
from voxel51.wire import dates

LARGE = 450
"""Files of a folder that takes several transactions."""


def put(path: Path, content: bytes = b"frames") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1, 1))  # so that it does not look as if it was still being written


def open_folder(location, allowed):
    root, rest = allowed_root(location, allowed)
    return FolderSource(Path(root), rest)


class Sources:
    """Sources below ``root``: in ``own`` for alice, in ``shared`` for all users, in ``acme`` for an application."""

    def __init__(self, services, root: Path, most_files: int = 1000) -> None:
        self.database = services.database
        setting = f"alice={root}/own, {root}/shared, app:acme={root}/acme"
        self.in_place = InPlaceService(self.database, open_folder, read_source_locations(f"{root}", setting), 2)
        self.most_files = most_files
        self.root = root

    def add(self, user, name: str) -> str:
        return self.in_place.add_by_user(user, f"{self.root}/{name}", lambda _connection, _id: None)

    def scan(self) -> int:
        """List all sources, also those that another scan has just listed."""
        return SourceScan(self.database, self.in_place, Cipher(b"k" * 32, "s"), self.most_files).run()

    def names(self, user) -> list[str]:
        with self.database.read() as connection:
            chosen = select(data.c.name).where(data.c.owner_id == user.id).order_by(data.c.name)
            return [*connection.execute(chosen).scalars()]

    def row(self, source_id: str):
        with self.database.read() as connection:
            return connection.execute(select(sources).where(sources.c.id == source_id)).one()


@pytest.fixture
def people(services):
    return services.accounts.create_user("alice"), services.accounts.create_user("bob")


def test_users_register_media_files_below_their_locations_only(services, people, tmp_path):
    alice, bob = people
    root = tmp_path / "recordings"
    for name in ("own/a.mp4", "own/notes.txt", "shared/b.mp4", "acme/c.mp4", "other/d.mp4", "own/.hidden/e.mp4"):
        put(root / name)
    (root / "own" / "link").symlink_to(root / "other")
    known = Sources(services, root)
    with services.database.write() as connection:
        connection.execute(insert(applications).values(id="acme", name="acme", created_at=dates.now()))
        row = {"id": "carol", "name": "alice", "application_id": "acme", "created_at": dates.now()}
        connection.execute(insert(users).values(row))
    carol = type(alice)("carol", "alice", "acme")

    assert known.in_place.locations_of(alice) == [f"{root}/own", f"{root}/shared"]
    assert known.in_place.locations_of(bob) == [f"{root}/shared"]
    assert known.in_place.locations_of(carol) == [f"{root}/shared", f"{root}/acme"]
    refused = ["other", "own/../other", "own/link", "own/missing", "own/.hidden", "acme", "", "own2"]
    for name in refused:
        with pytest.raises(BadRequest):
            known.add(alice, name)
    with pytest.raises(BadRequest, match="not in a place"):
        known.add(bob, "own")
    mine = known.add(alice, "own")
    known.add(bob, "shared")
    known.add(carol, "acme")
    assert known.scan() == 3
    assert (known.names(alice), known.names(bob), known.names(carol)) == (["a.mp4"], ["b.mp4"], ["c.mp4"])

    with pytest.raises(NotFound):
        known.in_place.remove_by_user(bob, mine)
    by_operator = known.in_place.add(alice.id, f"{root}/other")
    with pytest.raises(Forbidden, match="operator registered"):
        known.in_place.remove_by_user(alice, by_operator)
    with pytest.raises(Conflict, match="overlaps your source"):
        known.add(alice, "own")
    put(root / "shared" / "new" / "f.mp4")
    known.add(alice, "shared/new")
    put(root / "shared" / "newer" / "g.mp4")
    with pytest.raises(OverQuota, match="2 sources"):
        known.add(alice, "shared/newer")


def test_files_beyond_the_limit_are_left_out_and_reported(services, people, tmp_path):
    alice, _ = people
    for number in range(5):
        put(tmp_path / "shared" / f"{number}.mp4")
    put(tmp_path / "shared" / os.fsdecode(b"\xff.mp4"))
    known = Sources(services, tmp_path, most_files=3)
    source = known.add(alice, "shared")

    assert known.scan() == 3
    assert known.scan() == 0
    assert "3 left out, such as " in known.row(source).left_out
    assert len(known.names(alice)) == 3


def test_huge_folder_delays_no_other_source_and_is_removed_in_parts(services, people, tmp_path, monkeypatch):
    alice, bob = people
    for number in range(LARGE):
        put(tmp_path / "own" / str(number % 7) / f"{number}.mp4", b"")
    put(tmp_path / "shared" / "b.mp4")
    known = Sources(services, tmp_path)
    huge = known.add(alice, "own")
    seen = []
    scan = SourceScan(services.database, known.in_place, Cipher(b"k" * 32, "s"))
    scan.on_added(lambda _connection, source, _owner, added: seen.append((source == huge, len(added))))

    def add_during_the_scan(*_):
        if len(seen) == 1:
            known.add(bob, "shared")

    scan.on_added(add_during_the_scan)
    assert scan.run() == LARGE + 1
    assert seen.index((False, 1)) in {1, 2}, "the small source waited for the huge one"
    assert sum(number for is_huge, number in seen if is_huge) == LARGE
    assert scan.run() == 0

    monkeypatch.setattr("voxel51.server.data.in_place._REMOVED_PER_TRANSACTION", 100)
    known.in_place.remove_by_user(alice, huge)
    with services.database.read() as connection:
        row = connection.execute(select(data).where(data.c.owner_id == alice.id)).first()
    with pytest.raises(SourceRefused, match="was removed"):
        known.in_place.download(row)
    assert known.scan() == 0, "a removed source was listed"
    assert known.in_place.finish_removals() == LARGE
    assert (known.names(alice), known.names(bob)) == ([], ["b.mp4"])
    assert len([*(tmp_path / "own").rglob("*.mp4")]) == LARGE


def test_removal_beside_a_scan_leaves_no_record(services, people, tmp_path):
    alice, _ = people
    for number in range(LARGE):
        put(tmp_path / "shared" / f"{number}.mp4", b"")
    known = Sources(services, tmp_path)
    source = known.add(alice, "shared")
    scan = SourceScan(services.database, known.in_place, Cipher(b"k" * 32, "s"))
    removing = threading.Thread(target=known.in_place.remove, args=(source,))
    scan.on_added(lambda *_: removing.ident or removing.start())  # in the transaction of the first part

    scan.run()
    removing.join()

    assert known.names(alice) == []
    with services.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(source_files)).scalar() == 0


def test_location_that_a_user_has_no_more_is_not_read(services, people, tmp_path):
    alice, _ = people
    put(tmp_path / "own" / "a.mp4")
    known = Sources(services, tmp_path)
    source = known.add(alice, "own")
    known.scan()
    with services.database.read() as connection:
        row = connection.execute(select(data)).one()
    download = known.in_place.download(row)
    assert b"".join(download.files.read(download.key)) == b"frames"

    later = InPlaceService(services.database, open_folder, SourceLocations((f"{tmp_path}",)))  # only for operators
    with pytest.raises(SourceRefused, match="may not be read any more"):
        later.download(row)
    SourceScan(services.database, later, Cipher(b"k" * 32, "s")).run()
    assert "not in a place" in known.row(source).problem


@pytest.mark.parametrize("entry", ["recordings", "alice=", "=/recordings", "/a/../b", "s3://", "alice=b=/c"])
def test_invalid_locations_are_refused_at_the_start(entry):
    with pytest.raises(ValueError, match="user_source_locations"):
        read_source_locations("", entry)
