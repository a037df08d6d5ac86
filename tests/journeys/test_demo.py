"""``make demo`` without a network, and with missing or wrong input.

That it works on a clean installation is tested by ``.ci/run``.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from demo.video import find_video
from support.documentation_pages import ROOT
from support.leftover_processes import Family
from support.network_namespace import required_without_network
from support.waiting import LIMIT_SECONDS
from voxel51.labels.video import VideoLabels

OUTPUT = ROOT / "demo-output"
REACH_OUT = """
import socket, sys
for address in (("1.1.1.1", 443), ("9.9.9.9", 53), ("2606:4700:4700::1111", 443)):
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError as error:
        print("cannot reach", address[0], type(error).__name__, flush=True)
    else:
        sys.exit(f"{address[0]} was reached")
with socket.create_server(("127.0.0.1", 0)) as here:
    socket.create_connection(here.getsockname()).close()
"""
"""Ends well where other hosts refuse, and this one does not."""


def start_demo(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.timeout(600)
def test_demo_works_without_network(tmp_path: Path) -> None:
    alone = required_without_network()
    video = find_video(None)
    shutil.rmtree(OUTPUT, ignore_errors=True)

    done = subprocess.run(
        [*alone, "sh", "-c", '"$0" -c "$1" && exec "$0" -m demo', sys.executable, REACH_OUT],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("cannot reach") == 3
    assert f"Found in {video.name}" in done.stdout
    shots = VideoLabels.from_file(OUTPUT / "shot-detection.json").events_labelled("shot")
    assert shots
    assert any(frame.objects for frame in VideoLabels.from_file(OUTPUT / "object-tracks.json").frames.values())
    assert (OUTPUT / "annotated.mp4").stat().st_size > 0
    assert list(tmp_path.iterdir()) == []


def test_missing_video_is_reported_in_one_line(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "/no/such/video.mp4")

    _, said = demo.communicate(timeout=LIMIT_SECONDS)

    assert demo.returncode == 1
    assert said.splitlines() == ["demo: file not found: '/no/such/video.mp4'. Name a video: make demo VIDEO=path"]


def test_file_of_another_type_is_reported_in_one_line(tmp_path: Path) -> None:
    notes = tmp_path / "notes.mp4"
    notes.write_text("not a video\n", encoding="utf-8")

    demo = start_demo(tmp_path, str(notes))
    _, said = demo.communicate(timeout=LIMIT_SECONDS)

    assert demo.returncode == 1
    (line,) = said.splitlines()
    assert "'notes.mp4' cannot be read as a video" in line
    assert list(tmp_path.iterdir()) == [notes], "the platform's data stayed"


@pytest.mark.usefixtures("default_sigint")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_demo_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    demo = start_demo(tmp_path)
    assert demo.stdout is not None
    while "object-tracks" not in (line := demo.stdout.readline()):
        assert line, "the demo ended before its jobs began"
    family = Family(demo.pid)
    assert family.descendants(demo.pid)

    demo.send_signal(number)
    _, said = demo.communicate(timeout=LIMIT_SECONDS)

    assert demo.returncode == 130
    assert said.splitlines()[-1] == "demo: interrupted; nothing is left running"
    assert not [process for process in family.descendants(demo.pid) if process.status() != psutil.STATUS_ZOMBIE]
    assert list(tmp_path.iterdir()) == []
