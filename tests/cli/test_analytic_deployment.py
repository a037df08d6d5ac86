"""``voxel51 analytics deploy|logs|versions|rollback`` against a real platform."""

import json
from pathlib import Path

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.bundles import source_of
from voxel51.cli.analytic_check import sample_video
from voxel51.cli.main import main


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    user = User.create(platform, tmp_path)
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(user.token))
    return user


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "count_frames.py"


def deploy(source: Path, version: str, *options: str, at_import: str = "") -> int:
    source.write_bytes(source_of(version=version, at_import=at_import))
    return main(["analytics", "deploy", str(source), *options])


def test_deployed_analytic_is_ready_to_run_by_the_printed_command(user, source, tmp_path, capsys):
    assert deploy(source, "1.0") == 0

    printed = capsys.readouterr().out
    assert "Checked count-frames 1.0: its manifest is valid" in printed
    assert f"ready: {user.name}/count-frames 1.0" in printed
    command = printed.splitlines()[-1].split()
    assert command[:3] == ["voxel51", "run", f"{user.name}/count-frames@1.0"]
    video, out = sample_video(tmp_path / "video.mp4"), tmp_path / "out"
    assert main([*command[1:-1], str(video), "--out", str(out)]) == 0
    assert main(["analytics", "logs", "count-frames", "--job"]) == 0


def test_versions_are_listed_and_an_earlier_one_becomes_the_latest(user, source, capsys):
    assert [deploy(source, "1.0"), deploy(source, "1.1", "--json")] == [0, 0]
    document = json.loads("{" + capsys.readouterr().out.partition("{")[2])
    assert (document["version"], document["build"]["state"], document["pending"]) == ("1.1", "READY", False)
    assert document["url"].endswith(f"/analytics/{document['id']}")

    assert main(["analytics", "rollback", "count-frames", "1.0"]) == 0
    capsys.readouterr()
    assert main(["analytics", "versions", f"{user.name}/count-frames", "--json"]) == 0

    latest = {each["version"]: each["latest"] for each in json.loads(capsys.readouterr().out)}
    assert latest == {"1.1": False, "1.0": True}


def test_one_version_is_deleted_by_its_name(user, source, capsys):
    assert [deploy(source, "1.0"), deploy(source, "1.1")] == [0, 0]

    assert main(["analytics", "delete", "count-frames@1.0", "--force"]) == 0
    assert main(["analytics", "delete", "count-frames@1.0", "--force"]) == 1
    capsys.readouterr()

    assert main(["analytics", "versions", "count-frames", "--json"]) == 0
    assert [each["version"] for each in json.loads(capsys.readouterr().out)] == ["1.1"]


def test_failed_build_is_reported_with_its_line(user, source, capsys):
    assert deploy(source, "1.0", "--no-check", at_import="import not_there") == 1

    printed = capsys.readouterr().out
    assert "could not be built: count_frames.py:3: ModuleNotFoundError" in printed
    assert main(["analytics", "logs", "count-frames@1.0"]) == 0
    assert "No module named 'not_there'" in capsys.readouterr().out
    assert main(["run", f"{user.name}/count-frames", "x.mp4"]) == 1


def test_failed_build_names_the_field_of_the_manifest(user, source, capsys):
    area = "(\n    video: Video,\n    area: Annotated[int, Range(1, 9)] = 0,\n)"
    text = source_of(version="1.0", at_import="from typing import Annotated; from voxel51.platform import Range")
    described = text.decode().replace("(video: Video)", area).replace("Args:", "Args:\n        area: the area.")
    source.write_text(described)

    assert main(["analytics", "deploy", str(source), "--no-check", "--json"]) == 1

    printed = capsys.readouterr().out
    error = json.loads(printed[printed.index("{") :])["build"]["error"]
    assert (error["file"], error["line"], error["field"]) == ("count_frames.py", 8, "extensions.parameters.area")
    assert "the default 0 is not from 1 to 9" in error["message"]


def test_invalid_analytic_is_refused_before_the_upload(user, source, capsys):
    source.write_text("from voxel51.platform import analytic\n@analytic(version='1')\ndef a(x): ...\n")

    assert main(["analytics", "deploy", str(source)]) == 1

    assert "count_frames.py:3: the docstring is missing" in capsys.readouterr().err
    assert main(["analytics", "versions", "a"]) == 1


def test_unknown_names_are_reported(user, source, capsys):
    deploy(source, "1.0")
    for arguments in (["logs", "gone"], ["versions", "gone"], ["rollback", "count-frames", "9"]):
        assert main(["analytics", *arguments]) == 1
    errors = capsys.readouterr().err
    assert "analytic 'gone' not found" in errors
    assert "its versions are 1.0" in errors
