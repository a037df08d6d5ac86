"""Downloads: complete and checked, or absent; and the continuation of a partial file."""

import base64
import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from voxel51.transport.errors import Damaged
from voxel51.transport.partial import KEPT_BYTES, PartialDownload

Head = tuple[int, dict[str, str]]
"""Status and headers of a response."""

CONTENT = os.urandom(KEPT_BYTES + 1000)
SHA256 = "sha-256=:" + base64.b64encode(hashlib.sha256(CONTENT).digest()).decode() + ":"


def answer(status: int = 200, length: int = len(CONTENT), tag: str = '"one"', digest: str = SHA256) -> Head:
    headers = {"content-length": str(length), "etag": tag, "repr-digest": digest}
    return status, {name: text for name, text in headers.items() if text}


def a_cut_download(path: Path, so_far: int = KEPT_BYTES) -> None:
    partial = PartialDownload(path, "it", None)
    partial.begin(*answer())
    partial.take(CONTENT[:so_far])
    partial.give_up()


def test_a_download_appears_when_complete_and_leaves_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "labels.json"
    seen: list[tuple[int, int | None]] = []
    partial = PartialDownload(path, "it", lambda *step: seen.append(step))
    partial.begin(*answer())
    for start in range(0, len(CONTENT), 1_000_000):
        assert not path.exists()
        partial.take(CONTENT[start : start + 1_000_000])
    partial.finish()

    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_the_next_download_continues_the_partial_file(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"old")
    a_cut_download(path)
    assert path.read_bytes() == b"old"

    partial = PartialDownload(path, "it", None)
    assert partial.headers() == {"Range": f"bytes={KEPT_BYTES}-", "If-Range": '"one"'}
    partial.begin(*answer(206, 1000))
    partial.take(CONTENT[KEPT_BYTES:])
    partial.finish()

    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("status", [206, 200])
def test_what_arrives_after_a_download_in_ranges_is_kept(tmp_path: Path, status: int) -> None:
    path = tmp_path / "video.mp4"
    partial = PartialDownload(path, "it", None)
    [first, _] = partial.begin_ranges(len(CONTENT), answer()[1]).missing()
    first.take(CONTENT[:KEPT_BYTES])
    partial.give_up()

    partial = PartialDownload(path, "it", None)
    partial.begin(*answer(status, 1000 if status == 206 else len(CONTENT)))
    partial.take(CONTENT[KEPT_BYTES if status == 206 else 0 : -1])
    partial.give_up()

    partial = PartialDownload(path, "it", None)
    assert partial.headers()["Range"] == f"bytes={len(CONTENT) - 1}-"
    partial.begin(*answer(206, 1))
    partial.take(CONTENT[-1:])
    partial.finish()
    assert path.read_bytes() == CONTENT


def test_a_changed_file_is_downloaded_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    a_cut_download(path)
    new = b"all new"
    partial = PartialDownload(path, "it", None)
    digest = "sha-256=:" + base64.b64encode(hashlib.sha256(new).digest()).decode() + ":"
    partial.begin(*answer(200, len(new), '"two"', digest))
    partial.take(new)
    partial.finish()

    assert path.read_bytes() == new


@pytest.mark.parametrize("what", ["another", "it"])
def test_another_file_or_path_does_not_continue_it(tmp_path: Path, what: str) -> None:
    a_cut_download(tmp_path / "video.mp4")
    partial = PartialDownload(tmp_path / ("video.mp4" if what == "another" else "other.mp4"), what, None)
    assert partial.headers() == {}
    partial.give_up()


@pytest.mark.parametrize("so_far", [0, 1000])
def test_a_small_partial_file_is_not_kept(tmp_path: Path, so_far: int) -> None:
    a_cut_download(tmp_path / "video.mp4", so_far)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("came", "head"),
    [
        (CONTENT[:-1], answer(digest="")),
        (CONTENT[:-1] + b"?", answer()),
    ],
    ids=["too short", "another hash"],
)
def test_a_damaged_download_is_an_error_and_deleted(tmp_path: Path, came: bytes, head: Head) -> None:
    partial = PartialDownload(tmp_path / "video.mp4", "it", None)
    partial.begin(*head)
    partial.take(came)
    with pytest.raises(Damaged, match=r"video\.mp4"):
        partial.finish()
    partial.give_up()

    assert list(tmp_path.iterdir()) == []


def test_two_downloads_to_one_path_do_not_collide(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    both = [PartialDownload(path, "it", None) for _ in range(2)]
    for partial in both:
        partial.begin(*answer())
        partial.take(CONTENT)
    for partial in both:
        partial.finish()
        assert path.read_bytes() == CONTENT

    assert list(tmp_path.iterdir()) == [path]


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    partial = PartialDownload(tmp_path / "link", "it", None)
    partial.begin(*answer(digest="", length=3))
    partial.take(b"new")
    partial.finish()

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("note", ["", "[]", '{"tag": 1}'])
def test_an_invalid_note_is_ignored(tmp_path: Path, note: str) -> None:
    a_cut_download(tmp_path / "video.mp4")
    [path] = tmp_path.glob("*.note")
    assert json.loads(path.read_text()) == {"tag": '"one"'}
    path.write_text(note)
    partial = PartialDownload(tmp_path / "video.mp4", "it", None)
    assert partial.headers() == {}
    partial.give_up()
