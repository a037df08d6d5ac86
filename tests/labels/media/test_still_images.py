from pathlib import Path

import cv2
import numpy as np
import pytest

from support.video_samples import VARIABLE_TIMES_MS, footage, number_in, numbered_video
from voxel51.labels.media import still_images


def test_a_frame_is_found_by_its_number(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "b.mp4", codec_options={"bf": "3"})

    assert [number_in(still_images.frame_at(video, number).image()) for number in (1, 13, 30)] == [1, 13, 30]


def test_a_frame_is_found_by_its_time(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "variable.mp4", times_ms=VARIABLE_TIMES_MS)

    wanted = {0.0: 1, 0.039: 1, 0.041: 2, 0.499: 6, 0.501: 7, 2.39: 15, 2.401: 16}
    assert {time: number_in(still_images.frame_at(video, seconds=time).image()) for time in wanted} == wanted


@pytest.mark.parametrize(("number", "seconds"), [(31, None), (None, 1.5)])
def test_a_missing_frame_is_rejected_with_the_number_of_frames(
    number: int | None, seconds: float | None, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"the video has 30 frames and lasts 1\.20 s"):
        still_images.frame_at(numbered_video(tmp_path / "a.mp4"), number, seconds)


def test_thumbnails_are_spread_evenly(tmp_path: Path) -> None:
    sheet = still_images.thumbnails(numbered_video(tmp_path / "a.mp4"), 15, 160)

    assert sheet.shape == (2 * 90, 10 * 160, 3)
    tiles = [
        sheet[row * 90 : row * 90 + 90, column * 160 : column * 160 + 160] for row in (0, 1) for column in range(10)
    ]
    assert [number_in(tile) for tile in tiles[:15]] == [2 * place + 2 for place in range(15)]
    assert not tiles[15].any()


def test_a_short_video_has_one_thumbnail_per_frame(tmp_path: Path) -> None:
    assert still_images.thumbnails(numbered_video(tmp_path / "a.mp4", frames=3), 50, 80).shape == (45, 240, 3)


def test_a_poster_is_not_blank(tmp_path: Path) -> None:
    poster = still_images.poster(footage("bikes.mp4"))

    assert poster.shape == (272, 640, 3)
    assert float(np.std(poster)) > 20


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_an_image_is_shrunk_and_written(suffix: str, tmp_path: Path) -> None:
    image = still_images.frame_at(footage("bikes.mp4"), 1).image()

    still_images.save(still_images.shrunk(image, 160), tmp_path / f"a{suffix}")

    assert cv2.imread(str(tmp_path / f"a{suffix}")).shape == (68, 160, 3)
    assert still_images.shrunk(image, 2000) is image
