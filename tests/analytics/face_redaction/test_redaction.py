from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from support.video_samples import footage, numbered_video
from voxel51.analytics.face_detection.centerface import CenterFace
from voxel51.analytics.face_redaction import analytic
from voxel51.analytics.face_redaction.redaction_styles import STYLES, redact
from voxel51.labels.media.video_reader import VideoReader
from voxel51.platform import local
from voxel51.platform.errors import InvalidInput
from voxel51.platform.tracking.detections import Floats

CARPHONE = "carphone_pristine.mp4"


def redacted(video: Path, folder: Path, **given: Any) -> Path:
    return local.run(analytic, {"video": video}, given, folder).outputs["video"]


def faces(video: Path, every: int = 10, least: float = 0.5) -> list[Floats]:
    """Boxes in every tenth frame, in shares of the picture."""
    detector, found = CenterFace(), []
    with VideoReader(video) as reader:
        for frame in reader:
            if frame.number % every == 1:
                size = detector.fitting(frame.size, 640)
                found.append(detector.detect(frame.small(*size), least).boxes / np.array([*size, *size]))
    return found


@pytest.mark.parametrize("style", STYLES)
def test_faces_are_redacted_and_the_rest_is_unchanged(style: str, tmp_path: Path) -> None:
    before = footage(CARPHONE)

    after = redacted(before, tmp_path / "job", style=style, last_frame=60)

    assert all(len(boxes) for boxes in faces(before)[:6])
    assert all(len(boxes) == 0 for boxes in faces(after))
    with VideoReader(before) as one, VideoReader(after) as other:
        pairs = [(a.image(), b.image()) for a, b in zip(one, other, strict=False)]
    assert len(pairs) == 60
    corner = np.s_[:24, :24]
    differences = [np.abs(a[corner].astype(int) - b[corner].astype(int)).mean() for a, b in pairs]
    assert max(differences) < 12  # far from the face, it is the same picture


def test_frames_keep_their_times_and_audio_is_kept(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=12, audio_seconds=1.0)

    with av.open(redacted(video, tmp_path / "with")) as container:
        assert len(container.streams.audio) == 1
        times = [frame.time for frame in container.decode(video=0)]
    with av.open(redacted(video, tmp_path / "without", keep_sound=False)) as container:
        assert len(container.streams.audio) == 0
    assert times == pytest.approx([place / 25 for place in range(12)], abs=0.001)


def test_a_range_begins_at_zero(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=20)

    with VideoReader(redacted(video, tmp_path / "job", first_frame=6, last_frame=10)) as part:
        times = [frame.time for frame in part]

    assert times == pytest.approx([place / 25 for place in range(5)], abs=0.001)


@pytest.mark.parametrize("hold", [0, 1, 3, 50])
def test_every_frame_is_written_once_for_any_hold(hold: int, tmp_path: Path) -> None:
    from support.video_samples import number_in

    video = numbered_video(tmp_path / "in.mp4", frames=9)

    with VideoReader(redacted(video, tmp_path / "job", hold_frames=hold, confidence=0.95)) as part:
        assert [number_in(frame.image()) for frame in part] == [*range(1, 10)]


@pytest.mark.parametrize("style", STYLES)
def test_a_redacted_area_keeps_little_information(style: str) -> None:
    image = np.random.default_rng(1).integers(0, 256, (100, 100, 3), np.uint8)
    before = image.copy()

    redact(image, (-10.0, 20.0, 50.0, 80.5), style)

    assert (image[:, 50:] == before[:, 50:]).all()
    assert (image[:20] == before[:20]).all()
    assert len(np.unique(image[20:81, :50].reshape(-1, 3), axis=0)) <= {"black": 1, "pixelate": 36}.get(style, 9999)
    assert np.abs(np.diff(image[20:81, :50].astype(int), axis=1)).mean() < 12


def test_a_file_that_is_not_a_video_is_invalid_input(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")

    with pytest.raises(InvalidInput):
        redacted(tmp_path / "a.mp4", tmp_path / "job")
