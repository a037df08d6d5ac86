"""``make demo`` when things are not as they should be. That it works is seen by ``.ci/run``, on a clean install."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from documentation import ROOT
from leftovers import Family


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


def test_a_video_that_is_not_there_is_said_so_in_a_line(tmp_path: Path) -> None:
    demo = start_demo(tmp_path, "/no/such/video.mp4")

    _, said = demo.communicate(timeout=60)

    assert demo.returncode == 1
    assert said.splitlines() == [
        "demo: there is no file '/no/such/video.mp4'; give the path of a video: make demo VIDEO=path"
    ]


def test_a_file_that_is_no_video_is_said_so_in_a_line(tmp_path: Path) -> None:
    notes = tmp_path / "notes.mp4"
    notes.write_text("not a video\n", encoding="utf-8")

    demo = start_demo(tmp_path, str(notes))
    _, said = demo.communicate(timeout=60)

    assert demo.returncode == 1
    (line,) = said.splitlines()
    assert "'notes.mp4' cannot be read as a video" in line
    assert list(tmp_path.iterdir()) == [notes], "the platform's data stayed"


@pytest.mark.usefixtures("heeding_ctrl_c")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_demo_that_is_interrupted_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    demo = start_demo(tmp_path)
    assert demo.stdout is not None
    while "object-tracks" not in (line := demo.stdout.readline()):
        assert line, "the demo ended before its jobs began"
    family = Family(demo.pid)
    assert family.descendants(demo.pid)

    demo.send_signal(number)
    _, said = demo.communicate(timeout=60)

    assert demo.returncode == 130
    assert said.splitlines()[-1] == "demo: interrupted; nothing is left running"
    assert not [process for process in family.descendants(demo.pid) if process.status() != psutil.STATUS_ZOMBIE]
    assert list(tmp_path.iterdir()) == []
