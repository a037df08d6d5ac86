"""Better weights, added while a platform runs: an equal command is a new run, and its job uses what was announced."""

import json
from pathlib import Path

import pytest

from support.accounts import User
from support.platforms import StartPlatform
from support.video_samples import numbered_video
from support.weights_for_tests import weights_for_tests
from voxel51.cli.main import main
from voxel51.users.api import API
from voxel51.users.auth import Token

TRACKS, BETTER = "voxel51/object-tracks", "nanodet-plus-m-1.5x"


def test_a_run_after_better_weights_were_added_is_not_taken_for_done(
    start_platform: StartPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    better = weights_for_tests("nanodet-plus-m-1.5x-416-w8.onnx")
    video, out = numbered_video(tmp_path / "a.mp4", frames=5), tmp_path / "out"

    def used_weights() -> list[str]:
        assert main(["run", TRACKS, str(video), "--out", str(out), "--json"]) == 0
        path = Path(json.loads(capsys.readouterr().out)[str(video)])
        return [*json.loads(path.read_text())["provenance"]["weights"]]

    platform = start_platform()
    user = User.create(platform, tmp_path)
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(user.token))
    assert used_weights() == used_weights() == ["nanodet-g.onnx"]

    assert main(["weights", "add", str(better), "--dir", str(platform.folder)]) == 0
    capsys.readouterr()

    assert used_weights() == used_weights() == [better.name]
    with API(token=Token.from_json(str(user.token))) as api:
        requests = [api.get_job_request(job["id"]).to_dict() for job in api.iter_jobs()]
        weights = api.get_analytic_details(api.get_analytic_id(TRACKS))["weights"]["weights"]
    assert sorted(each["parameters"]["weights"] for each in requests) == ["nanodet-g", BETTER]
    assert weights["auto"] == weights[BETTER]
    assert "yolox-s" not in weights
