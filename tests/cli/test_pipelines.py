"""Pipelines by the command line, on a real platform."""

import json
from pathlib import Path

import pytest

from cli.conftest import Voxel51
from demo.platform_process import PlatformProcess
from support.accounts import User
from support.video_samples import numbered_video

DOCUMENT = {
    "schema_version": 1,
    "name": "Keyframes",
    "description": "The best frame of each shot",
    "inputs": [{"name": "video"}],
    "parameters": [{"name": "threshold", "type": "Number", "default": 27}],
    "steps": [
        {
            "name": "shots",
            "analytic": "voxel51/shot-detection",
            "inputs": {"video": {"input": "video"}},
            "parameters": {"threshold": {"parameter": "threshold"}},
        },
        {
            "name": "best",
            "analytic": "voxel51/best-frames",
            "inputs": {"video": {"input": "video"}, "shots": {"step": "shots"}},
        },
    ],
}


def test_pipeline_is_saved_run_and_shared(voxel51: Voxel51, tmp_path: Path) -> None:
    file = tmp_path / "keyframes.json"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    video = numbered_video(tmp_path / "v.mp4", frames=8)

    saved = voxel51("pipelines", "save", file)
    assert "Pipeline 'Keyframes' saved: version 1" in saved.out
    assert "The best frame of each shot" in voxel51("pipelines", "list").out
    shown = voxel51("pipelines", "show", "Keyframes").out
    assert "parameter  threshold: Number = 27" in shown
    assert "best: voxel51/best-frames with video from video, shots from shots" in shown

    ran = voxel51("pipelines", "run", "Keyframes", video, "--param", "threshold=30", "--out", tmp_path / "results")
    assert ran.status == 0, ran.out
    assert "COMPLETE" in ran.out
    assert [*json.loads((tmp_path / "results" / "best.json").read_text(encoding="utf-8"))] != []
    [run] = voxel51("pipelines", "runs", "Keyframes", "--json").document
    assert (run["state"], run["parameters"]) == ("COMPLETE", {"threshold": 30})
    assert "100%" in voxel51("pipelines", "runs").out
    assert "voxel51/best-frames" in voxel51("pipelines", "run-status", run["id"]).out

    exported = tmp_path / "exported.json"
    assert voxel51("pipelines", "show", "Keyframes", "--out", exported).status == 0
    assert json.loads(exported.read_text(encoding="utf-8")) == DOCUMENT
    nightly = ("--cron", "0 3 * * *", "--query", "type:video")
    made = voxel51("schedules", "create", "--pipeline", "Keyframes", *nightly, "--param", "threshold=20", "--json")
    assert made.document["run"]["pipeline"]["parameters"] == {"threshold": "20"}
    assert (
        f"pipeline {made.document['run']['pipeline']['pipeline']} at"
        in voxel51("schedules", "show", made.document["id"]).out
    )
    assert voxel51("schedules", "delete", made.document["id"]).status == 0
    assert "either an analytic or --pipeline" in voxel51("schedules", "create", *nightly).err
    refused = voxel51("pipelines", "cancel", run["id"], "--strict")
    assert (refused.status, "is COMPLETE" in refused.out) == (1, True)
    assert "No job of run" in voxel51("pipelines", "retry", run["id"]).out
    assert voxel51("pipelines", "delete-run", run["id"]).status == 0
    assert voxel51("pipelines", "delete", "Keyframes").status == 0
    assert voxel51("pipelines", "list", "--json").document == []


def test_failed_run_and_invalid_documents_are_reported(voxel51: Voxel51, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video", encoding="utf-8")
    file = tmp_path / "keyframes.json"
    file.write_text(json.dumps({**DOCUMENT, "name": "Failing"}), encoding="utf-8")
    assert voxel51("pipelines", "save", file).status == 0

    ran = voxel51("pipelines", "run", "Failing", f"video={text}", "--wait", "--json")
    assert (ran.status, ran.document["state"]) == (1, "FAILED")
    assert "whose output this job takes, failed" in ran.document["steps"][1]["message"]
    assert "specify one file" in voxel51("pipelines", "run", "Failing", text, text).err
    assert "takes NAME=VALUE" in voxel51("pipelines", "run", "Failing", text, "--param", "threshold").err
    assert "you have no pipeline 'None'" in voxel51("pipelines", "run", "None", text).err

    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    refused = voxel51("pipelines", "save", broken, file, "--strict")
    assert refused.status == 1
    assert "is not a JSON file" in refused.out
    assert "version 1" in refused.out


def test_pipeline_is_shared_run_by_its_owner_and_name_and_left(
    voxel51: Voxel51, user: User, platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keyframes.json"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    video = numbered_video(tmp_path / "v.mp4", frames=8)
    other = User.create(platform, tmp_path)
    assert voxel51("pipelines", "save", file).status == 0
    assert f"'{other.name}' can run 'Keyframes'" in voxel51("pipelines", "share", "Keyframes", other.name).out
    assert voxel51("pipelines", "shares", "Keyframes", "--json").document == [{"username": other.name}]
    assert "User 'carol' not found" in voxel51("pipelines", "share", "Keyframes", "carol").err

    monkeypatch.setenv("VOXEL51_API_TOKEN", str(other.token))
    name = f"{user.name}/Keyframes"
    assert user.name in voxel51("pipelines", "list").out
    assert f"shared by {user.name}" in voxel51("pipelines", "show", name).out
    ran = voxel51("pipelines", "run", name, video, "--param", "threshold=30", "--wait", "--json")
    assert (ran.status, ran.document["state"]) == (0, "COMPLETE")
    assert voxel51("pipelines", "runs", name, "--json").document[0]["id"] == ran.document["id"]
    refused = voxel51("pipelines", "delete", name, "--strict")
    assert (refused.status, "who alone can change, share and delete it" in refused.out) == (1, True)
    assert voxel51("pipelines", "unshare", name, other.name).status == 0
    assert voxel51("pipelines", "list", "--json").document == []
    assert "is no longer shared with you" in voxel51("pipelines", "run", ran.document["pipeline_id"], video).err
