"""Reviews by the command line and by the client, on a real platform, up to the scores of the analytic."""

import json
from pathlib import Path

import pytest

from cli.conftest import Voxel51
from support.finished_jobs import finished_job
from support.platforms import NUMBERS
from support.video_samples import numbered_video
from voxel51.transport.errors import APIError
from voxel51.users.api import API


def test_reviews_are_saved_listed_and_used_as_truth(voxel51: Voxel51, api: API, tmp_path: Path) -> None:
    data_id = api.upload_data(numbered_video(tmp_path / "v.mp4", frames=3))["id"]
    job_id = finished_job(api, NUMBERS, data_id, frames=3)
    numbered = tmp_path / "numbered.json"
    assert voxel51("reviews", "download", job_id, 0, "--out", numbered).status == 0
    assert set(json.loads(numbered.read_text("utf-8"))["frames"]) >= {"1", "2", "3"}

    # The tracks are bit 0, in frames 1 and 3, and bit 1, in frames 2 and 3.
    edits = tmp_path / "edits.json"
    edits.write_text(json.dumps([{"edit": "accept", "tracks": [0]}, {"edit": "reject", "tracks": [1]}]), "utf-8")
    saved = voxel51("reviews", "apply", job_id, edits, "--note", "first")
    assert "Saved version 1" in saved.out, saved.err
    assert "1 tracks accepted, 0 undecided" in saved.out
    outdated = voxel51("reviews", "apply", job_id, edits)
    assert outdated.status == 1
    assert "409: There are newer versions than 0" in outdated.err
    edits.write_text('{"edits": [{"edit": "fly"}]}', "utf-8")
    assert "edit 1: 'edit' is one of accept" in voxel51("reviews", "apply", job_id, edits).err
    [record] = voxel51("reviews", "list", job_id, "--json").document
    assert (record["version"], record["note"], record["changes"]) == (1, "first", "1 accept, 1 reject")
    assert '{"edit": "reject", "tracks": [1]}' in voxel51("reviews", "show", job_id, 1).out

    scores = api.review_scores(NUMBERS)
    [version] = scores["versions"]
    [bit] = version["classes"]
    assert (bit["precision"], bit["recall"], bit["true_count"], bit["found_count"]) == (0.5, 1.0, 2, 4)
    assert [video["state"] for video in scores["videos"]] == ["COMPLETE"]
    assert "0.5" in voxel51("reviews", "scores", NUMBERS).out
    evaluated = voxel51("labels", "evaluate", job_id, f"{job_id}/1", "--json").document
    assert evaluated["detection"] == api.evaluate_job(job_id, truth_review=record["id"])["detection"]
    assert evaluated["detection"]["bit"]["precision"] == 0.5
    differing = api.compare_jobs(job_id, review=record["id"], with_review=record["id"])["differences"]["frames"]
    assert (differing, len(api.compare_jobs(job_id, with_review=record["id"])["differences"]["frames"])) == ([], 2)

    assert voxel51("reviews", "delete", job_id, 1).status == 0
    assert api.list_reviews() == []
    with pytest.raises(APIError, match="Version 1"):
        api.get_review(job_id, 1)
