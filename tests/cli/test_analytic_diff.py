"""``voxel51 analytics diff`` against a real platform: two versions on the videos of past jobs."""

import json
from pathlib import Path

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.bundles import deployed, source_of
from voxel51.cli.analytic_check import sample_video
from voxel51.cli.main import main
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.query import JobsQuery

FRAMES = 50


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    user = User.create(platform, tmp_path)
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(user.token))
    for version in ("1.0", "1.1"):
        deployed(user, source_of(version=version))
    return user


def job_count(user: User) -> int:
    with API(token=Token.from_json(user.token)) as api:
        return len(api.query_jobs(JobsQuery())["jobs"])


def test_versions_are_compared_on_past_videos_and_past_results_are_reused(user, tmp_path, capsys):
    name, video = f"{user.name}/count-frames", sample_video(tmp_path / "video.mp4")
    assert main(["run", "count-frames@1.0", str(video), "--out", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    compare = ["analytics", "diff", f"{name}@1.0", f"{name}@1.1", "--json"]

    assert main(compare) == 0
    [found] = json.loads(capsys.readouterr().out)
    jobs = job_count(user)
    assert main(compare) == 0

    assert found | {"old_speed": None, "new_speed": None} == {
        "video": "video.mp4", "is_equal": False, "both": 0, "only_old": FRAMES, "only_new": FRAMES,
        "old_speed": None, "new_speed": None,
    }  # fmt: skip
    assert found["old_speed"] > 0
    assert found["new_speed"] > 0
    assert json.loads(capsys.readouterr().out) == [found]
    assert job_count(user) == jobs == 2


def test_difference_of_attributes_alone_is_shown(user, tmp_path, capsys):
    source = source_of("named", body="labels.add_attributes(unit='m')").decode()
    for version, unit in (("1.0", "m"), ("1.1", "m"), ("1.2", "km")):
        text = source.replace('version="1.0"', f'version="{version}"').replace("'m'", f"'{unit}'")
        deployed(user, text.encode(), "named.py")
    video = sample_video(tmp_path / "video.mp4")
    assert main(["run", "named@1.0", str(video), "--out", str(tmp_path / "out")]) == 0
    capsys.readouterr()

    found = {}
    for version in ("1.1", "1.2"):
        assert main(["analytics", "diff", "named@1.0", f"named@{version}", "--json"]) == 0
        [found[version]] = json.loads(capsys.readouterr().out)

    assert {version: each["is_equal"] for version, each in found.items()} == {"1.1": True, "1.2": False}
    assert found["1.2"]["only_old"] == found["1.2"]["only_new"] == 0


def test_version_without_jobs_is_reported(user, capsys):
    assert main(["analytics", "diff", "count-frames@1.0", "count-frames@1.1"]) == 1

    assert "none of your last 500 jobs is a complete one of" in capsys.readouterr().err
