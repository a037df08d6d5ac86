"""``voxel51 jobs watch``."""

import argparse
import io
import json
import os
import pty
import signal
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Voxel51
from demo.platform_process import COMMAND
from support.accounts import User
from support.platforms import PATIENT
from support.submissions import submit
from support.waiting import LIMIT_SECONDS
from voxel51.cli.live import JobProgressDisplay, ProgressDisplay, duration
from voxel51.cli.printing import Printer
from voxel51.users.api import API


def test_watch_shows_jobs_until_all_have_ended(voxel51: Voxel51, api: API) -> None:
    jobs = [submit(api, PATIENT, name=f"job of {seconds} s", seconds=seconds) for seconds in (0.1, 1.5)]

    watched = voxel51("jobs", "watch", *jobs)

    assert (watched.status, watched.err) == (0, "")
    assert [api.get_job_state(job_id) for job_id in jobs] == ["COMPLETE"] * 2
    for job_id, seconds in zip(jobs, (0.1, 1.5), strict=True):
        lines = [line for line in watched.out.splitlines() if job_id[:8] in line and f"job of {seconds} s" in line]
        assert "complete" in lines[-1]
        assert "100%" in lines[-1]
    assert all(character.isprintable() or character == "\n" for character in watched.out)


def test_watch_defaults_to_all_waiting_and_running_jobs(voxel51: Voxel51, api: API) -> None:
    before = submit(api, PATIENT, name="watched", seconds=0)
    api.wait_until_job_completes(before)
    running = submit(api, PATIENT, name="watched", seconds=1)

    changes = [json.loads(line) for line in voxel51("jobs", "watch", "--json").out.splitlines()]
    nothing = voxel51("jobs", "watch")

    assert {each["id"] for each in changes} == {running}
    assert (nothing.status, nothing.out) == (0, "No waiting or running jobs\n")


def test_watch_prints_a_json_line_per_change(voxel51: Voxel51, api: API) -> None:
    jobs = [submit(api, PATIENT, name="watched", seconds=2) for _ in range(2)]

    watched = voxel51("jobs", "watch", *jobs, "--json")

    changes: list[dict[str, Any]] = [json.loads(line) for line in watched.out.splitlines()]
    for job_id in jobs:
        own = [each for each in changes if each["id"] == job_id]
        assert {each["state"] for each in own} >= {"RUNNING", "COMPLETE"}
        assert (own[-1]["state"], own[-1]["fraction"], own[-1]["name"]) == ("COMPLETE", 1.0, "watched")
        assert all(first != second for first, second in pairwise(own)), "the same was changes twice"
    assert watched.status == 0


def test_watch_fails_if_a_job_fails(voxel51: Voxel51, api: API) -> None:
    failing = submit(api, "journeys/crash", name="watched")

    watched = voxel51("jobs", "watch", failing, "--quiet")

    assert (watched.status, watched.out) == (1, f"{failing}  FAILED\n")


def test_watch_reports_an_unknown_job(voxel51: Voxel51) -> None:
    watched = voxel51("jobs", "watch", "nothing")

    assert (watched.status, watched.out) == (1, "")
    assert "nothing" in watched.err


def _start(user: User, home: Path, output: int, *words: str) -> subprocess.Popen[bytes]:
    environment = {"VOXEL51_API_TOKEN": str(user.token), "HOME": str(home), "PATH": os.defpath, "TERM": "xterm",
                   "PYTHONPATH": os.environ.get("PYTHONPATH", "")}  # fmt: skip
    command = [COMMAND, "jobs", "watch", *words]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.PIPE)


def test_ctrl_c_ends_watch_without_a_traceback(user: User, api: API, tmp_path: Path) -> None:
    job_id = submit(api, PATIENT, name="watched", seconds=60)
    watching = _start(user, tmp_path, subprocess.PIPE, job_id)
    assert watching.stdout is not None
    assert job_id[:8] in watching.stdout.readline().decode()

    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=LIMIT_SECONDS)

    assert (watching.returncode, said) == (130, b"")
    api.kill_job(job_id)


def test_watch_updates_lines_in_place_on_a_terminal(user: User, api: API, tmp_path: Path) -> None:
    jobs = [submit(api, PATIENT, name=name, seconds=seconds) for name, seconds in (("one", 0), ("two", 6))]
    ours, theirs = pty.openpty()
    watching = _start(user, tmp_path, theirs, *jobs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # it has ended
        pass
    finally:
        os.close(ours)

    _, said = watching.communicate(timeout=LIMIT_SECONDS)
    assert (watching.returncode, said) == (0, b"")
    assert b"\x1b[2A" in shown, "it goes up to the first of two lines"
    last = shown.decode().replace("\r", "").split("\x1b[2A")[-1].replace("\x1b[2K", "").splitlines()
    assert [(line.split()[1], line.split()[2]) for line in last] == [("one", "complete"), ("two", "complete")]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_messages_cannot_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    terminal = _Terminal()
    job: Any = {"id": "1234567890", "name": "\x1b[2Jname\r\n", "state": "RUNNING"}
    status: Any = {"messages": [], "progress": {"fraction": 0.5, "message": "\x1b]0;title\x07" + "long " * 50}}

    JobProgressDisplay(ProgressDisplay(terminal))(job, status)

    (line,) = terminal.getvalue().removeprefix("\r\x1b[2K").splitlines()
    assert line.isprintable()
    assert len(line) < 80
    assert "50%" in line


def test_printed_log_cannot_control_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, file = _Terminal(), io.StringIO()
    for stream in (terminal, file):
        monkeypatch.setattr("sys.stdout", stream)
        Printer(argparse.Namespace()).result("one\x1b]0;title\x07\r\n\x9b2Jtwo\u202e", None)

    assert [line.split() for line in terminal.getvalue().splitlines()] == [["one", "]0;title"], ["2Jtwo"]]
    assert "\x1b]0;title" in file.getvalue()


def test_the_remaining_time_is_estimated_from_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    show = JobProgressDisplay(ProgressDisplay(said))
    job: Any = {"id": "1234567890", "name": "name", "state": "RUNNING"}
    for now, fraction in ((100.0, 0.0), (110.0, 0.25)):
        monkeypatch.setattr("time.monotonic", lambda now=now: now)
        show(job, {"progress": {"fraction": fraction}})  # type: ignore[typeddict-item]  # the rest is not looked at

    assert "left" not in said.getvalue().splitlines()[0]
    assert said.getvalue().splitlines()[1].endswith("about 30 s left")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (61, "1 min"), (3599, "59 min"), (7500, "2 h 5 min")]
)
def test_durations_are_formatted_for_reading(seconds: float, text: str) -> None:
    assert duration(seconds) == text
