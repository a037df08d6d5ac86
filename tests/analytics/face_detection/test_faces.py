"""Face detection: faces in real footage are detected and tracked, and nothing else is."""

import hashlib
from collections import defaultdict
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from support.in_process_jobs import run_on
from support.video_samples import footage, numbered_video
from voxel51.analytics.face_detection import analytic, centerface
from voxel51.analytics.face_detection.centerface import CenterFace
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> VideoLabels:
    labels, recorder = run_on(analytic, footage("carphone_pristine.mp4"), tmp_path_factory.mktemp("faces"))
    assert recorder.fractions[-1] == 1.0
    return labels


def test_one_face_is_one_track_in_every_frame(speaker: VideoLabels) -> None:
    assert speaker.metadata is not None
    count = speaker.metadata.total_frame_count
    assert count is not None
    by_track: dict[int | None, int] = defaultdict(int)
    for frame in speaker.frames.values():
        for each in frame.objects:
            by_track[each.index] += 1
    assert max(by_track.values()) >= 0.98 * count
    assert sum(by_track.values()) <= 1.03 * count
    assert video_labels_problems(speaker.to_json()) == []


def test_the_box_is_at_the_face(speaker: VideoLabels) -> None:
    # By eye, forehead to chin and ear to ear.
    [face] = speaker.frames[1].objects
    assert face.bounding_box is not None
    box = face.bounding_box
    assert [box.left, box.top, box.right, box.bottom] == pytest.approx([0.37, 0.25, 0.64, 0.70], abs=0.08)


def test_footage_without_faces_has_no_detections(tmp_path: Path) -> None:
    labels, recorder = run_on(analytic, numbered_video(tmp_path / "bars.mp4"), tmp_path)

    assert labels.frames == {}
    assert recorder.messages == ["0 faces in 30 frames"]


def test_provenance_names_the_weights(speaker: VideoLabels) -> None:
    weights = resources.files("voxel51.analytics.face_detection").joinpath(centerface.WEIGHTS.filename).read_bytes()
    assert speaker.provenance is not None
    assert speaker.provenance["weights"] == {centerface.WEIGHTS.filename: hashlib.sha256(weights).hexdigest()}


@pytest.mark.parametrize("size", [(1920, 1080), (32, 32), (4000, 20), (176, 144), (33, 1000)])
def test_images_of_any_size_are_accepted(size: tuple[int, int]) -> None:
    width, height = CenterFace.fitting(size, 640)
    assert (width % 32, height % 32) == (0, 0)
    assert max(width, height) <= max(640, 64)
    assert len(CenterFace().detect(np.zeros((height, width, 3), np.uint8), 0.3)) == 0
