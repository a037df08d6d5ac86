import os
import stat
from pathlib import Path

import pytest

from loopback import Loopback, Reply
from voxel51.transport.errors import ConnectionFailed
from voxel51.transport.messages import Request
from voxel51.transport.pooled import PooledSender
from voxel51.transport.saving import local_name, replacing, save


def download(loopback: Loopback, path: Path, progress=None) -> None:
    with PooledSender().send(Request("GET", loopback.url)) as answer:
        save(answer, path, progress)


def test_folders_are_made_and_nothing_else_is_left(loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply(Reply(body=b"labels"))

    download(loopback, tmp_path / "a" / "b" / "labels.json")

    assert (tmp_path / "a" / "b" / "labels.json").read_bytes() == b"labels"
    assert list((tmp_path / "a" / "b").iterdir()) == [tmp_path / "a" / "b" / "labels.json"]


def test_a_download_that_breaks_off_leaves_what_was_there(loopback: Loopback, tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(b"old")
    loopback.reply(Reply(body=b"new and longer", cut_after=3))

    with pytest.raises(ConnectionFailed):
        download(loopback, path)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_progress_ends_at_the_announced_size(loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply(Reply(body=b"x" * 1000, repeat_body=3000))
    seen: list[tuple[int, int | None]] = []

    download(loopback, tmp_path / "out", lambda arrived, total: seen.append((arrived, total)))

    assert seen[-1] == (3_000_000, 3_000_000)
    assert seen == sorted(seen)


def test_a_link_is_followed_and_modes_are_ordinary(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with replacing(tmp_path / "link") as file:
        file.write(b"new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o666 & ~umask


def test_a_device_is_written_to_and_not_replaced() -> None:
    with replacing(Path(os.devnull)) as file:
        file.write(b"gone")

    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("video.mp4", "video.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("/absolute/path.mp4", "path.mp4"),
        ("folder/", "d1"),
        ("..", "d1"),
        ("", "d1"),
        ("a\x00b\n.mp4", "ab.mp4"),
        ("🎬.mp4", "🎬.mp4"),
        ("é" * 300, "é" * 127),
    ],
)
def test_a_name_from_elsewhere_stays_in_this_folder(name: str, expected: str) -> None:
    assert local_name(name, otherwise="d1") == expected
