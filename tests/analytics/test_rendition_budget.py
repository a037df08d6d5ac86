"""Budget of renditions: files that would keep a decoder busy for hours are refused before they are decoded."""

import pytest

from support.video_samples import huge_gif, numbered_video
from voxel51.analytics.rendition import budget
from voxel51.analytics.rendition.budget import check_budget
from voxel51.labels.media import still_images
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.video_reader import VideoReader


@pytest.mark.parametrize(
    ("name", "codec"), [("v.mp4", "libx264"), ("v.gif", "gif"), ("v.mkv", "mpeg4"), ("v.ts", "mpeg4")]
)
def test_number_of_frames_is_limited(tmp_path, monkeypatch, name, codec):
    pixel_format = "rgb8" if codec == "gif" else "yuv420p"
    video = numbered_video(tmp_path / name, frames=30, codec=codec, pixel_format=pixel_format)
    check_budget(video)

    monkeypatch.setattr(budget, "MAX_FRAMES", 29)

    with pytest.raises(UnreadableVideo, match=rf"'{name}' is too long for this rendition: it has more than 29 frames"):
        check_budget(video)


def test_pixels_of_all_frames_are_limited(tmp_path, monkeypatch):
    video = numbered_video(tmp_path / "v.mp4", frames=30, size=(320, 180))
    monkeypatch.setattr(budget, "MAX_PIXELS", 320 * 180 * 29)

    with pytest.raises(UnreadableVideo, match="more than 29 frames of 320 x 180 pixels"):
        check_budget(video)


@pytest.mark.parametrize("open_video", [VideoReader, still_images.poster, check_budget])
def test_huge_frame_is_refused_before_it_is_decoded(tmp_path, open_video):
    bomb = huge_gif(tmp_path / "bomb.gif", 16000, 16000)

    with pytest.raises(UnreadableVideo, match=r"'bomb\.gif' has frames of 16000 x 16000 pixels; the limit is 67108864"):
        open_video(bomb)
