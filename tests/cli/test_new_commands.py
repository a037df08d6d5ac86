"""Commands and options that the original client does not have."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cli.conftest import Voxel51
from demo.platform_process import COMMAND
from support.accounts import User
from support.video_samples import footage, numbered_video
from support.waiting import LIMIT_SECONDS
from voxel51.cli.printing import human_size, shortened, shortened_key
from voxel51.users.api import API


def test_all_commands_print_json(voxel51: Voxel51, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "a.mp4", frames=1)

    [uploaded] = voxel51("data", "upload", video, "--json").document
    [listed] = voxel51("data", "list", "--json", "--count").document
    missing = voxel51("data", "info", "nothing", "--json").document

    assert listed["id"] == uploaded["id"]
    assert uploaded["path"] == str(video)
    assert missing == {"result": [], "failures": {"nothing": missing["failures"]["nothing"]}}
    assert {each["name"] for each in voxel51("analytics", "list", "--json").document} >= {"voxel51/object-tracks"}
    assert voxel51("status", "--json").document["platform"]["operational"] is True
    assert "private_key" not in voxel51("auth", "show", "--json").document


def test_quiet_suppresses_remarks(voxel51: Voxel51, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "a.mp4", frames=1)

    assert "Uploading" not in voxel51("data", "upload", video, "--quiet").out
    assert "Showing" not in voxel51("data", "list", "--count", "--quiet").out


def test_profiles_select_a_platform(voxel51: Voxel51, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_API_TOKEN", "/nowhere.json")

    assert voxel51("data", "list").status == 1
    assert voxel51("auth", "activate", user.token, "--profile", "lab").status == 0
    assert voxel51("data", "list", "--profile", "lab").status == 0
    monkeypatch.setenv("VOXEL51_PROFILE", "lab")
    assert voxel51("data", "list").status == 0
    assert voxel51("auth", "profiles").out == "lab\n"
    gone = voxel51("data", "list", "--profile", "other")
    assert "profile 'other' not found; available profiles: lab" in gone.err
    assert voxel51("data", "list", "--profile", "../lab").status == 1
    voxel51("auth", "deactivate", "--profile", "lab")
    assert voxel51("auth", "profiles", "--json").document == []


def test_run_uploads_runs_and_downloads(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    videos = [numbered_video(tmp_path / f"{name}.mp4", frames=5) for name in ("one", "two")]

    ran = voxel51(
        "run", "voxel51/shot-detection", *videos, "--param", "threshold=20", "--out", tmp_path / "out", "--json"
    )
    again = voxel51("run", "voxel51/shot-detection", *videos, "--param", "threshold=20", "--out", tmp_path / "out")

    outputs = {str(video): str(tmp_path / "out" / f"{video.stem}.shot-detection.json") for video in videos}
    assert (ran.status, ran.document) == (0, outputs)
    assert again.status == 0
    assert len(list(api.iter_jobs())) == 2
    labels = json.loads(Path(outputs[str(videos[0])]).read_text(encoding="utf-8"))
    assert labels["provenance"]["parameters"]["threshold"] == 20


@pytest.mark.usefixtures("default_sigint")
def test_an_interrupted_run_resumes(voxel51: Voxel51, api: API, user: User, tmp_path: Path) -> None:
    command = [COMMAND, "run", "voxel51/object-tracks", footage("bikes.mp4"), "--param", "frame_stride=1", "--out",
               tmp_path / "out"]  # fmt: skip
    environment = {"VOXEL51_API_TOKEN": str(user.token), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    notes = tmp_path / "out" / ".voxel51-run.json"
    with subprocess.Popen([*map(str, command)], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + LIMIT_SECONDS
            while not notes.exists() or '"job"' not in notes.read_text():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            interrupted = process.wait(LIMIT_SECONDS)
        finally:
            process.kill()

    ran = voxel51("run", *command[2:], "--json")

    assert interrupted == 130
    assert (ran.status, [*ran.document.values()]) == (0, [str(tmp_path / "out" / "bikes.object-tracks.json")])
    assert (len(list(api.iter_jobs())), len(list(api.iter_data()))) == (1, 1)


def test_run_names_failed_videos_with_the_reason(voxel51: Voxel51, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")

    ran = voxel51("run", "voxel51/shot-detection", tmp_path / "notes.mp4", "--out", tmp_path / "out")

    assert ran.status == 1
    assert "notes.mp4': 'notes.mp4' cannot be read as a video: it looks like text" in ran.out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("voxel51/shot-detection", "/no/such.mp4"), "file not found: '/no/such.mp4'"),
        (("voxel51/shot-detection", "{video}", "--param", "x"), "invalid --param"),
        (("voxel51/shot-detection", "{video}", "--param", "model=@/no.onnx"), "file not found: '/no.onnx'"),
        (("voxel51/nothing", "{video}"), "voxel51/nothing"),
        (("voxel51/shot-detection", "{video}", "--param", "nonsense=1"), "nonsense"),
    ],
)
def test_an_invalid_run_is_rejected_in_one_line(
    arguments: tuple[str, ...], text: str, voxel51: Voxel51, tmp_path: Path
) -> None:
    video = numbered_video(tmp_path / "a.mp4", frames=1)

    ran = voxel51("run", *(each.format(video=video) for each in arguments), "--out", tmp_path / "out")

    assert ran.status == 1
    assert text in ran.err
    assert ran.err.count("\n") == 1


def test_retry_submits_the_same_request(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    voxel51("run", "voxel51/shot-detection", numbered_video(tmp_path / "a.mp4", frames=2), "--out", tmp_path)
    [job] = api.list_jobs()

    again = voxel51("jobs", "retry", job["id"], "--quiet").out.strip()

    assert voxel51("jobs", "wait", again, "--json").document[0]["state"] == "COMPLETE"


def test_labels_are_summarized_converted_drawn_and_compared(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    voxel51("run", "voxel51/shot-detection", footage("bikes.mp4"), "--out", tmp_path)
    labels, [job] = tmp_path / "bikes.shot-detection.json", api.list_jobs()

    of_file = voxel51("labels", "summary", labels)
    of_job = voxel51("labels", "summary", job["id"])
    of_both = voxel51("labels", "summary", labels, job["id"])
    converted = voxel51("labels", "convert", labels, tmp_path / "a.csv", "--format", "csv")
    voxel51("labels", "convert", job["id"], tmp_path / "b.csv", "--format", "csv")
    sheet = voxel51("labels", "draw", labels, tmp_path / "a.jpg", "--video", footage("bikes.mp4"))
    same = voxel51("labels", "compare", labels, labels, "--json").document
    of_jobs = voxel51("jobs", "compare", job["id"], job["id"], "--overlap", "0.7")
    found = voxel51("labels", "search", "shot", "--longer-than", "2", "--json").document

    assert of_file.out == of_job.out
    assert [line.split()[0] for line in of_both.out.splitlines()[2:]] == [str(labels)] * 6 + [job["id"]] * 6
    assert [*voxel51("labels", "summary", labels, job["id"], "--json").document] == [str(labels), job["id"]]
    assert [line.split()[:2] for line in of_file.out.splitlines()[2:]] == [["event", "shot"]] * 6
    assert converted.out == f"Wrote '{tmp_path / 'a.csv'}'\n"
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert sheet.status == 0
    assert (tmp_path / "a.jpg").stat().st_size > 10_000
    assert of_jobs.out.splitlines()[2].split() == ["shot", "6", "0", "0"]
    assert of_jobs.out.splitlines()[-1] == "No box differs at an overlap (IoU) of 0.7"
    assert same["events"]["shot"] == {"both": 6, "only_first": [], "only_second": []}
    assert [each["job_id"] for each in found["matches"]] == [job["id"]]
    assert voxel51("labels", "draw", labels, tmp_path / "b.mp4").err.startswith(
        "voxel51: a labels file requires --video"
    )


@pytest.mark.parametrize("verb", [["summary"], ["draw", "--video", "video.mp4"], ["convert", "--format", "csv"]])
def test_missing_labels_are_reported_as_a_missing_file(voxel51: Voxel51, verb: list[str]) -> None:
    arguments = ["labels", *verb, "labels/gone.json"] + (["out.mp4"] if verb[0] != "summary" else [])

    assert voxel51(*arguments).err == "voxel51: file not found: 'labels/gone.json'\n"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0B"), (1023, "1023B"), (122_982, "120.1KB"), (1024, "1KB"), (1024**4, "1TB"), (None, ""), (-1, "")],
)
def test_sizes_are_formatted_for_reading(size: int | None, text: str) -> None:
    assert human_size(size) == text


def test_long_names_are_shortened() -> None:
    assert shortened("n" * 51) == "n" * 51
    assert shortened("n" * 52) == "n" * 47 + " ..."


@pytest.mark.parametrize(("length", "characters"), [(47, 4), (90, 47), (400, 47), (10, 0)])
def test_keys_are_never_printed_whole(length: int, characters: int) -> None:
    assert shortened_key("k" * length) == "k" * characters + " ..."


def test_the_help_imports_neither_the_client_nor_the_server() -> None:
    program = (
        "import sys; from voxel51.cli.main import build_parser; build_parser().format_help(); "
        "print([m for m in sys.modules if m.startswith(('voxel51.server', 'voxel51.users', 'voxel51.cli.'))])"
    )
    done = subprocess.run([Path(COMMAND).parent / "python", "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['voxel51.cli.suggestions', 'voxel51.cli.parsing', 'voxel51.cli.main']"


def test_importing_the_client_loads_no_slow_module_that_it_may_not_need() -> None:
    program = (
        "import sys, voxel51.users.api; "
        "print({'http.client', 'ssl', 'hashlib', 'logging', 'uuid', 'shutil', 'tempfile', 'random'} & {*sys.modules})"
    )
    done = subprocess.run([Path(COMMAND).parent / "python", "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
