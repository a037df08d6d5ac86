import stat
from pathlib import Path

import pytest

from support.loopback_server import Loopback, Reply
from voxel51.transport.messages import Request
from voxel51.transport.saving import DirectWriter, local_name
from voxel51.transport.sender import HttpSender


def test_a_pipe_takes_the_response(loopback: Loopback, tmp_path: Path) -> None:
    import os
    import threading

    pipe, seen, read = tmp_path / "pipe", [], []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    loopback.reply(Reply(body=b"labels"))

    with (
        HttpSender().send(Request("GET", loopback.url)) as answer,
        DirectWriter(pipe, lambda *s: seen.append(s)) as direct,
    ):
        direct.begin(answer.status, answer.headers)
        for chunk in answer.chunks():
            direct.take(chunk)

    reader.join()
    assert (read, seen) == ([b"labels"], [(6, 6)])
    assert stat.S_ISFIFO(pipe.stat().st_mode)


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
def test_a_name_from_the_platform_stays_in_the_folder(name: str, expected: str) -> None:
    assert local_name(name, otherwise="d1") == expected
