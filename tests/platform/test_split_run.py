"""Parts and merges as processes: the tasks of a split job give the output of the whole one."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from samples.platform import JobPlatform
from support.video_samples import numbered_video
from voxel51.platform import local
from voxel51.platform.entry_points import load_analytic
from voxel51.wire.tasks import TaskExit

NAME = "voxel51/video-quality"
PARTS = [
    {"number": 1, "count": 2, "first_frame": 1, "last_frame": 25, "frame_count": 50},
    {"number": 2, "count": 2, "first_frame": 26, "last_frame": 50, "frame_count": 50},
]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return numbered_video(tmp_path / "in.mp4", frames=50, codec_options={"g": "10", "bf": "2"})


def run(platform: JobPlatform) -> int:
    command = [sys.executable, "-P", "-m", "voxel51.platform.run", NAME]
    return subprocess.run(command, env=platform.environment, check=False, timeout=120).returncode


def platform_with(video: Path, **further: object) -> JobPlatform:
    platform = JobPlatform(inputs={"video": "files/in"}, parameters={"framewise": True})
    platform.files["files/in"] = (video.read_bytes(), 'attachment; filename="in.mp4"')
    platform.task.update(further)
    return platform


def test_parts_and_their_merge_give_the_labels_of_the_whole(video: Path, tmp_path: Path) -> None:
    whole = local.run(load_analytic(NAME), {"video": video}, {"framewise": True}, tmp_path / "whole")
    outputs = []
    for part in PARTS:
        platform = platform_with(video, part=part)
        assert run(platform) == TaskExit.COMPLETE
        outputs.append(platform.stored["output"][-1])
        assert "spans" not in platform.stored
        assert platform.amounts[-1]["frame_count"] == 25
        assert platform.status["progress"]["fraction"] == 1
        platform.close()

    merge = platform_with(video)
    for part, output in zip(PARTS, outputs, strict=True):
        merge.files[f"files/{part['number']}"] = (output, 'attachment; filename="labels.json"')
    links = [{**part, "output": {"signed-url": f"{merge.url}/files/{part['number']}"}} for part in PARTS]
    merge.task["merge"] = {"parts": links}
    assert run(merge) == TaskExit.COMPLETE

    assert gzip.decompress(outputs[0]).startswith(b"[1,")
    assert merge.stored["output"][-1] == whole.outputs["labels"].read_bytes()
    assert merge.amounts[-1]["frame_count"] == 50
    merge.close()


def test_a_lost_output_of_a_part_is_a_failure_of_the_platform(video: Path) -> None:
    platform = platform_with(video)
    links = [{**part, "output": {"signed-url": f"{platform.url}/files/lost"}} for part in PARTS]
    platform.task["merge"] = {"parts": links}

    assert run(platform) == TaskExit.FAILED

    assert platform.states[-1] == {"state": "FAILED", "failure_type": "PLATFORM"}
    assert "the output of part 1 of 2 is not available" in platform.status["messages"][-1]["message"]
    platform.close()
