from pathlib import Path

import pytest

from support.in_process_jobs import Recorder
from support.video_samples import footage, numbered_video, remuxed, truncated
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job
from voxel51.platform.video import input_video
from voxel51.wire.analytics import AnalyticDocument

DOCUMENT: AnalyticDocument = {
    "info": {"name": "any", "version": "1", "description": "any", "supports_cpu": True, "supports_gpu": False},
    "inputs": [{"name": "video", "type": "types.Video", "description": "any", "required": True}],
    "parameters": [],
    "outputs": [],
    "zip_outputs": False,
}


def job_with(video: Path, folder: Path, **parameters: object) -> tuple[Job, Recorder]:
    recorder = Recorder()
    return Job(DOCUMENT, {"video": video}, parameters, folder / "job", recorder, {"video": "holiday.mp4"}), recorder


def test_a_job_reports_the_analysed_amount(tmp_path: Path) -> None:
    job, recorder = job_with(numbered_video(tmp_path / "in.mp4"), tmp_path)

    with input_video(job) as video:
        numbers = [frame.number for frame in video]

    size_bytes = (tmp_path / "in.mp4").stat().st_size
    assert numbers == list(range(1, 31))
    assert video.filename == "holiday.mp4"
    assert recorder.inputs["video"]["total_frame_count"] == 30
    assert recorder.amount == {"frame_count": 30, "duration_seconds": 1.2, "size_bytes": size_bytes}
    assert recorder.fractions[-1] == 1.0
    assert recorder.warnings == []


def test_a_short_video_is_analysed_with_a_warning(tmp_path: Path) -> None:
    whole = remuxed(footage("bikes.mp4"), tmp_path / "whole.mp4", {"movflags": "faststart"})
    job, recorder = job_with(truncated(whole, tmp_path / "short.mp4"), tmp_path)

    with input_video(job) as video:
        count = sum(1 for _ in video)

    assert recorder.amount is not None
    assert recorder.amount["frame_count"] == count
    with VideoLabelsWriter.open(tmp_path / "labels.json") as labels:
        video.write_metadata(labels)
    assert [each.value for each in labels.attributes] == recorder.warnings == job.warnings
    assert "truncated" in recorder.warnings[0]


def test_a_short_video_is_rejected_when_strict(tmp_path: Path) -> None:
    whole = remuxed(footage("bikes.mp4"), tmp_path / "whole.mp4", {"movflags": "faststart"})
    job, recorder = job_with(truncated(whole, tmp_path / "short.mp4"), tmp_path, strict=True)

    refused = pytest.raises(
        InvalidInput, match=r"'holiday\.mp4' is rejected because strict is set: the video is truncated"
    )
    with refused, input_video(job) as video:
        list(video)
    assert recorder.amount is None


def test_a_file_that_is_not_a_video_is_invalid_input(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a video\n" * 99)
    job, _ = job_with(tmp_path / "notes.txt", tmp_path)

    refused = pytest.raises(InvalidInput, match=r"'holiday\.mp4' cannot be read as a video: it looks like text")
    with refused, input_video(job):
        pass
