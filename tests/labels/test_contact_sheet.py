from pathlib import Path

import cv2
import pytest

from support.video_samples import footage, number_in, numbered_video
from voxel51.labels.attributes import NumericAttribute
from voxel51.labels.contact_sheet import GAP, TILE_WIDTH, contact_sheet
from voxel51.labels.events import VideoEvent
from voxel51.labels.support import Support
from voxel51.labels.video import VideoLabels

TITLE_HEIGHT, CAPTION_HEIGHT = 76, 54


def shots(*bounds: tuple[int, int]) -> VideoLabels:
    return VideoLabels(events=[VideoEvent(label="shot", support=Support.of(*each)) for each in bounds])


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_sheet_has_one_image_per_shot(suffix: str, tmp_path: Path) -> None:
    labels = shots((1, 30), (31, 76), (77, 137), (138, 250))

    contact_sheet(footage("bikes.mp4"), labels, tmp_path / f"sheet{suffix}")

    sheet = cv2.imread(str(tmp_path / f"sheet{suffix}"))
    tile_height = round(272 * TILE_WIDTH / 640) + CAPTION_HEIGHT
    assert sheet.shape == (TITLE_HEIGHT + 2 * (tile_height + GAP), GAP + 3 * (TILE_WIDTH + GAP), 3)


def shown(sheet: Path, place: int) -> int:
    left = GAP + place * (TILE_WIDTH + GAP)
    return number_in(cv2.imread(str(sheet))[TITLE_HEIGHT : TITLE_HEIGHT + 292, left : left + TILE_WIDTH])


def test_a_shot_shows_its_keyframe_or_else_its_middle(tmp_path: Path) -> None:
    labels = shots((1, 10), (11, 30))
    labels.events[1].attributes = [NumericAttribute(name="keyframe", value=27)]

    contact_sheet(numbered_video(tmp_path / "in.mp4"), labels, tmp_path / "sheet.png")

    assert [shown(tmp_path / "sheet.png", place) for place in (0, 1)] == [5, 27]


def test_without_shots_frames_are_spread_evenly(tmp_path: Path) -> None:
    contact_sheet(numbered_video(tmp_path / "in.mp4", frames=90), VideoLabels(), tmp_path / "sheet.png")

    assert [shown(tmp_path / "sheet.png", place) for place in range(3)] == [6, 16, 26]


def test_another_image_format_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a contact sheet is a \.jpg or \.png file, got 'sheet\.gif'"):
        contact_sheet(tmp_path / "in.mp4", VideoLabels(), tmp_path / "sheet.gif")
