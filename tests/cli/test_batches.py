"""Batches by the command line and by the client, on a real platform."""

from pathlib import Path

import pytest

from cli.conftest import Voxel51
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS
from voxel51.transport.errors import NotFound
from voxel51.users.api import API
from voxel51.users.query import DataQuery

ANALYTIC = "voxel51/shot-detection"


def test_batch_runs_on_data_and_reuses_its_results(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    ids = [api.upload_data(numbered_video(tmp_path / f"{n}.mp4", frames=5 + n))["id"] for n in range(2)]

    ran = voxel51("run", ANALYTIC, "--data", *ids, "--param", "threshold=20", "--max-running", 1, "--json")
    assert (ran.status, ran.document["state"], ran.document["counts"]["complete"]) == (0, "ENDED", 2), ran.err
    batch_id = ran.document["id"]
    estimated = voxel51("run", ANALYTIC, "--query", "name:.mp4", "--param", "threshold=20", "--estimate", "--json")
    assert (estimated.document["videos"], estimated.document["reusable"]) == (2, 2)
    assert estimated.document["frames"] == 5 + 6
    api.add_to_collection(api.create_collection("junction")["id"], ids)
    again = voxel51("run", ANALYTIC, "--collection", "junction", "--param", "threshold=20")
    assert "2 results exist already" in again.out
    assert "2 reused" in again.out
    assert [*api.iter_jobs()] != []
    assert len([*api.iter_jobs()]) == 2

    assert [each["id"] for each in voxel51("batches", "list", "--json").document][1] == batch_id
    assert "shot-detection · 2 videos" in voxel51("batches", "list").out
    assert "2 complete" in voxel51("batches", "show", batch_id).out
    items = voxel51("batches", "show", batch_id, "--items", "--json").document
    assert [(item["filename"], item["labels"]) for item in items] == [("0.mp4", {"shot": 1}), ("1.mp4", {"shot": 1})]
    assert "shot 1" in voxel51("batches", "show", batch_id, "--items").out
    assert voxel51("batches", "archive", batch_id).status == 0
    assert [each["id"] for each in voxel51("batches", "list", "--archived", "--json").document] == [batch_id]
    refused = voxel51("batches", "cancel", batch_id, "--strict")
    assert (refused.status, "ENDED" in refused.out) == (1, True)


def test_sweep_fails_on_files_that_are_not_videos_and_is_retried(api: API, voxel51: Voxel51, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    videos = [api.upload_data(path) for path in (numbered_video(tmp_path / "v.mp4", frames=4), text)]
    sets = [{"threshold": 10}, {"threshold": 30}]

    batch = api.run_batch(ANALYTIC, videos, parameter_sets=sets, name="sweep", wait=True, timeout=LIMIT_SECONDS)

    assert (batch["name"], batch["items"], batch["parameter_sets"][1]["threshold"]) == ("sweep", 4, 30)
    by_state = {
        state: [(item["filename"], item["parameter_set"]) for item in api.iter_batch_items(batch["id"], state)]
        for state in ("COMPLETE", "FAILED")
    }
    assert by_state == {"COMPLETE": [("v.mp4", 0), ("v.mp4", 1)], "FAILED": [("text.mp4", 0), ("text.mp4", 1)]}
    assert all(item["message"] for item in api.iter_batch_items(batch["id"], "FAILED"))
    assert voxel51("batches", "wait", batch["id"]).status == 1
    assert api.retry_batch(batch["id"])["counts"]["waiting"] == 2
    assert api.wait_for_batch(batch["id"], LIMIT_SECONDS)["counts"]["failed"] == 2
    found = api.estimate_batch(ANALYTIC, DataQuery().add_search("name", "v.mp4"), {"threshold": 10})
    assert (found["items"], found["reusable"]) == (1, 1)
    with pytest.raises(NotFound):
        api.pause_batch("unknown")


def test_selection_must_be_files_or_data(voxel51: Voxel51) -> None:
    for arguments in ([], ["a.mp4", "--query", "b"], ["--data", "a", "--query", "b"], ["a.mp4", "--estimate"]):
        refused = voxel51("run", ANALYTIC, *arguments)
        assert refused.status == 1
        assert "--data" in refused.err
