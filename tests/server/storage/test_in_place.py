"""Sources in place: only files in allowed places are read, and only as they were when they were registered."""

import os
import threading
import time
from pathlib import Path

import pytest

from voxel51.server.errors import BadRequest, SourceAway, SourceRefused
from voxel51.server.storage.in_place import FolderSource, LeftOut, SourceFile, allowed_root
from voxel51.server.storage.storage import CHUNK_BYTES

OLD = time.time() - 60


def put(path: Path, content: bytes) -> Path:
    """Write a file that was changed long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (OLD, OLD))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "videos"
    put(root / "a.mp4", b"first")
    put(root / "street" / "b.mp4", b"second")
    put(tmp_path / "secret" / "key", b"secret")
    return root


def files(root: Path, rest: str = "") -> dict[str, SourceFile]:
    return {file.path: file for file in FolderSource(root, rest).files(LeftOut())}


def content(root: Path, file: SourceFile, rest: str = "", **part: int) -> bytes:
    return b"".join(FolderSource(root, rest).read(file, **part))


def test_files_are_listed_and_read(root: Path) -> None:
    found = files(root)
    assert found.keys() == {"a.mp4", "street/b.mp4"}
    assert content(root, found["street/b.mp4"]) == b"second"
    assert content(root, found["a.mp4"], start=1, length=2) == b"ir"
    assert content(root, files(root, "street")["b.mp4"], "street") == b"second"
    assert content(root, files(root, "a.mp4")["a.mp4"], "a.mp4") == b"first"


def test_hidden_files_links_and_files_that_are_being_written_are_left_out(root: Path) -> None:
    put(root / ".part", b"x")
    put(root / ".hidden" / "c.mp4", b"x")
    (root / "link.mp4").symlink_to(root / "a.mp4")
    (root / "folder").symlink_to(root.parent / "secret")
    (root / "now.mp4").write_bytes(b"being written")
    os.mkfifo(root / "pipe.mp4")
    assert files(root).keys() == {"a.mp4", "street/b.mp4"}


def test_links_to_and_in_the_source_are_not_followed_and_names_in_other_encodings_are_reported(root: Path) -> None:
    (root / "out").symlink_to(root.parent / "secret")
    for rest in ("out", "out/key", "street/b.mp4/c", "missing"):
        with pytest.raises(SourceAway, match="cannot be listed"):
            files(root, rest)
    put(root / os.fsdecode(b"caf\xe9.mp4"), b"x")
    os.mkfifo(root / "pipe")
    with pytest.raises(SourceAway, match="neither a folder nor a regular file"):
        files(root, "pipe")
    future = time.time() + 1e6
    os.utime(root / "a.mp4", (future, future))  # by the wrong clock of a camera, and changed just now
    left_out = LeftOut()
    assert [file.path for file in FolderSource(root, "").files(left_out)] == ["street/b.mp4"]
    assert left_out.text() == r"1 left out, such as 'caf\\xe9.mp4' has a name that is not UTF-8; rename it"


@pytest.mark.parametrize("change", ["content", "same size", "replaced", "deleted", "link", "pipe", "folder link"])
def test_file_that_changed_is_refused(root: Path, change: str) -> None:
    file = files(root)["street/b.mp4"]
    path = root / "street" / "b.mp4"
    if change == "content":
        path.write_bytes(b"longer than before")
    elif change == "same size":
        path.write_bytes(b"SECOND")
    elif change == "replaced":  # with the same size and date
        put(root / "new", b"SECOND").replace(path)
    else:
        if change == "folder link":  # to the same file, so only the way to it differs
            os.link(path, root.parent / "secret" / "b.mp4")
        path.unlink()
    if change == "link":
        path.symlink_to(root.parent / "secret" / "key")
    elif change == "pipe":
        os.mkfifo(path)
    elif change == "folder link":
        path.parent.rmdir()
        path.parent.symlink_to(root.parent / "secret")
    with pytest.raises(SourceRefused, match=r"b\.mp4"):
        content(root, file)


def test_file_that_changes_while_it_is_read_is_never_whole(root: Path) -> None:
    path = put(root / "large.mp4", bytes(3 * CHUNK_BYTES))
    reader = FolderSource(root, "").read(files(root)["large.mp4"])
    first = next(reader)
    path.write_bytes(b"x" * (3 * CHUNK_BYTES))
    read = len(first)
    with pytest.raises(SourceRefused, match="was changed"):
        for chunk in reader:
            read += len(chunk)
    assert read < 3 * CHUNK_BYTES


def test_link_that_appears_in_a_race_leads_nowhere(root: Path) -> None:
    file, path, aside = files(root)["street/b.mp4"], root / "street", root / "aside"
    stopping = threading.Event()

    def swap() -> None:
        while not stopping.is_set():
            path.rename(aside)
            path.symlink_to(root.parent / "secret")
            path.unlink()
            aside.rename(path)

    put(root.parent / "secret" / "b.mp4", b"hidden")
    swapping = threading.Thread(target=swap)
    swapping.start()
    seen = set()
    try:
        for _ in range(2000):
            try:
                seen.add(content(root, file))
            except SourceRefused:
                seen.add(b"refused")
    finally:
        stopping.set()
        swapping.join()
    assert seen <= {b"second", b"refused"}


def test_missing_root_is_away(root: Path) -> None:
    with pytest.raises(SourceAway, match="missing or not mounted"):
        files(root.parent / "other")


@pytest.mark.parametrize(
    ("location", "allowed"),
    [
        ("/videos/../etc", ["/videos"]),
        ("/videos/./a", ["/videos"]),
        ("/videos2/a", ["/videos"]),
        ("videos/a", ["/videos"]),
        ("/etc", []),
        ("s3://bucket2/a", ["s3://bucket"]),
        ("s3://bucket/private", ["s3://bucket/public"]),
        ("/videos/\0", ["/videos"]),
        ("s3://bucket/.\t./private", ["s3://bucket"]),
        ("s3://bucket//private", ["s3://bucket"]),
    ],
)
def test_other_places_are_refused(location: str, allowed: list[str]) -> None:
    with pytest.raises(BadRequest):
        allowed_root(location, allowed)


@pytest.mark.parametrize(
    ("location", "found"),
    [("/videos", ("/videos/", "")), ("/videos/a/b", ("/videos/", "a/b")), ("s3://b/p/x", ("s3://b/p", "x"))],
)
def test_allowed_place_is_found(location: str, found: tuple[str, str]) -> None:
    assert allowed_root(location, ["/videos/", "s3://b/p"]) == found
