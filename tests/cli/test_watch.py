"""``voxel51 jobs watch``: what becomes of jobs, while it happens."""

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
from voxel51.cli.live import Board, JobBoard, duration
from voxel51.users.api import API
from voxel51.users.jobs import JobRequest


def submit(api: API, seconds: float, name: str = "watched", analytic: str = PATIENT) -> str:
    request = JobRequest(analytic)
    if analytic == PATIENT:
        request.set_parameter("seconds", seconds)
    return api.upload_job_request(request, name, auto_start=True)["id"]


def test_jobs_are_shown_until_all_have_ended(voxel51: Voxel51, api: API) -> None:
    jobs = [submit(api, seconds, f"job of {seconds} s") for seconds in (0.1, 1.5)]

    watched = voxel51("jobs", "watch", *jobs)

    assert (watched.status, watched.err) == (0, "")
    assert [api.get_job_state(job_id) for job_id in jobs] == ["COMPLETE"] * 2
    for job_id, seconds in zip(jobs, (0.1, 1.5), strict=True):
        lines = [line for line in watched.out.splitlines() if job_id[:8] in line and f"job of {seconds} s" in line]
        assert "complete" in lines[-1]
        assert "100%" in lines[-1]
    assert all(character.isprintable() or character == "\n" for character in watched.out)


def test_without_ids_it_is_all_that_wait_or_run(voxel51: Voxel51, api: API) -> None:
    before = submit(api, 0)
    api.wait_until_job_completes(before)
    running = submit(api, 1)

    told = [json.loads(line) for line in voxel51("jobs", "watch", "--json").out.splitlines()]
    nothing = voxel51("jobs", "watch")

    assert {each["id"] for each in told} == {running}
    assert (nothing.status, nothing.out) == (0, "No job waits or runs\n")


def test_programs_get_a_line_for_each_piece_of_news(voxel51: Voxel51, api: API) -> None:
    jobs = [submit(api, 2) for _ in range(2)]

    watched = voxel51("jobs", "watch", *jobs, "--json")

    told: list[dict[str, Any]] = [json.loads(line) for line in watched.out.splitlines()]
    for job_id in jobs:
        own = [each for each in told if each["id"] == job_id]
        assert {each["state"] for each in own} >= {"RUNNING", "COMPLETE"}
        assert (own[-1]["state"], own[-1]["fraction"], own[-1]["name"]) == ("COMPLETE", 1.0, "watched")
        assert all(first != second for first, second in pairwise(own)), "the same was told twice"
    assert watched.status == 0


def test_it_fails_if_a_job_does(voxel51: Voxel51, api: API) -> None:
    failing = submit(api, 0, analytic="journeys/crash")

    watched = voxel51("jobs", "watch", failing, "--quiet")

    assert (watched.status, watched.out) == (1, f"{failing}  FAILED\n")


def test_a_job_that_is_not_there_is_said_so(voxel51: Voxel51) -> None:
    watched = voxel51("jobs", "watch", "nothing")

    assert (watched.status, watched.out) == (1, "")
    assert "nothing" in watched.err


def _start(user: User, home: Path, output: int, *words: str) -> subprocess.Popen[bytes]:
    environment = {"VOXEL51_API_TOKEN": str(user.token), "HOME": str(home), "PATH": os.defpath, "TERM": "xterm",
                   "PYTHONPATH": os.environ.get("PYTHONPATH", "")}  # fmt: skip
    command = [COMMAND, "jobs", "watch", *words]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.PIPE)


def test_ctrl_c_ends_it_quietly(user: User, api: API, tmp_path: Path) -> None:
    job_id = submit(api, 60)
    watching = _start(user, tmp_path, subprocess.PIPE, job_id)
    assert watching.stdout is not None
    assert job_id[:8] in watching.stdout.readline().decode()

    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=30)

    assert (watching.returncode, said) == (130, b"")
    api.kill_job(job_id)


def test_on_a_terminal_lines_change_in_place(user: User, api: API, tmp_path: Path) -> None:
    jobs = [submit(api, seconds, name) for name, seconds in (("one", 0), ("two", 6))]
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

    _, said = watching.communicate(timeout=30)
    assert (watching.returncode, said) == (0, b"")
    assert b"\x1b[2A" in shown, "it goes up to the first of two lines"
    last = shown.decode().replace("\r", "").split("\x1b[2A")[-1].replace("\x1b[2K", "").splitlines()
    assert [(line.split()[1], line.split()[2]) for line in last] == [("one", "complete"), ("two", "complete")]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_jobs_say_moves_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    terminal = _Terminal()
    job: Any = {"id": "1234567890", "name": "\x1b[2Jname\r\n", "state": "RUNNING"}
    status: Any = {"messages": [], "progress": {"fraction": 0.5, "message": "\x1b]0;title\x07" + "long " * 50}}

    JobBoard(Board(terminal))(job, status)

    (line,) = terminal.getvalue().removeprefix("\r\x1b[2K").splitlines()
    assert line.isprintable()
    assert len(line) < 80
    assert "50%" in line


def test_the_time_that_is_left_follows_from_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    show = JobBoard(Board(said))
    job: Any = {"id": "1234567890", "name": "name", "state": "RUNNING"}
    for now, fraction in ((100.0, 0.0), (110.0, 0.25)):
        monkeypatch.setattr("time.monotonic", lambda now=now: now)
        show(job, {"progress": {"fraction": fraction}})  # type: ignore[typeddict-item]  # the rest is not looked at

    assert "left" not in said.getvalue().splitlines()[0]
    assert said.getvalue().splitlines()[1].endswith("about 30 s left")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (61, "1 min"), (3599, "59 min"), (7500, "2 h 5 min")]
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
