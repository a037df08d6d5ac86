"""Split jobs: the labels of parts that are merged are those of one job on the whole video."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from analytics.text_reading.test_reading import clip, picture
from support.video_samples import footage, numbered_video, remuxed
from voxel51.platform import local
from voxel51.platform.entry_points import load_analytic

PART_OF_A_VIDEO = {"fps": 9, "first_frame": 13, "last_frame": 201}


def check(name: str, video: Path, parameters: Mapping[str, object], parts: int, folder: Path) -> None:
    analytic = load_analytic(f"voxel51/{name}")
    (output,) = analytic.document["outputs"]

    whole = local.run(analytic, {"video": video}, parameters, folder / "whole")
    split = local.run_in_parts(analytic, {"video": video}, parameters, folder / "split", parts)

    assert split.outputs[output["name"]].read_bytes() == whole.outputs[output["name"]].read_bytes()
    assert (split.messages, split.warnings) == (whole.messages, whole.warnings)
    assert (split.inputs, split.amount) == (whole.inputs, whole.amount)
    assert split.progress[-1]["fraction"] == 1


@pytest.mark.parametrize(
    ("name", "parameters", "parts"),
    [
        pytest.param("shot-detection", {}, 7, id="shots"),
        pytest.param("shot-detection", PART_OF_A_VIDEO, 3, id="shots-of-a-part-of-the-video"),
        pytest.param("video-quality", {"framewise": True}, 4, id="quality"),
        pytest.param("object-tracks", {"first_frame": 14, "last_frame": 110}, 3, id="objects-over-cuts"),
    ],
)
def test_labels_of_parts_are_those_of_the_whole_film(
    name: str, parameters: Mapping[str, object], parts: int, tmp_path: Path
) -> None:
    check(name, footage("bikes.mp4"), parameters, parts, tmp_path)


def test_faces_and_redacted_videos_of_parts_are_those_of_the_whole(tmp_path: Path) -> None:
    film = footage("carphone_pristine.mp4")

    check("face-detection", film, {"last_frame": 40}, 3, tmp_path / "detection")
    check("face-redaction", film, {"last_frame": 20}, 2, tmp_path / "redaction")


def test_parts_of_an_irregular_file_are_decoded_from_its_beginning(tmp_path: Path) -> None:
    once = numbered_video(tmp_path / "once.ts", frames=40, codec_options={"g": "10", "bf": "2"}).read_bytes()
    (tmp_path / "twice.ts").write_bytes(once + once)

    check("video-quality", tmp_path / "twice.ts", {"framewise": True}, 3, tmp_path)


def _with_hidden_frames(folder: Path) -> Path:
    """Return a video whose first second, with 25 of its frames, is before the start of its edit list."""
    whole = numbered_video(folder / "whole.mp4", frames=80, codec_options={"g": "20", "bf": "2"})
    return remuxed(whole, folder / "late.mp4", {"use_editlist": "1"}, start_ms=-1000)


@pytest.mark.parametrize(
    ("write", "parameters"),
    [
        pytest.param(
            lambda folder: numbered_video(
                folder / "variable.mp4",
                times_ms=[40 * n + 15 * (n % 3) + 700 * (n // 30) for n in range(80)],
                codec_options={"g": "17", "bf": "3"},
            ),
            {"fps": 7},
            id="variable-frame-rate",
        ),
        pytest.param(
            lambda folder: numbered_video(
                folder / "open.mp4", frames=80, codec_options={"x264-params": "open-gop=1:keyint=12:bframes=3"}
            ),
            {},
            id="open-groups-of-pictures",
        ),
        pytest.param(_with_hidden_frames, {"fps": 9}, id="edit-list"),
    ],
)
def test_parts_of_a_special_file_have_the_frames_of_the_whole(
    write: Callable[[Path], Path], parameters: dict[str, object], tmp_path: Path
) -> None:
    check("video-quality", write(tmp_path), {"framewise": True, **parameters}, 4, tmp_path)


def test_texts_that_last_over_the_ends_of_parts_are_one_text(tmp_path: Path) -> None:
    first, second = picture(("FIRST SLIDE", (20, 60), 1.0)), picture(("SECOND SLIDE", (20, 60), 1.0))
    video = clip(tmp_path / "slides.mp4", [first] * 37 + [second] * 33)

    # A part of three begins in each slide, and not at a frame that is analysed.
    check("text-reading", video, {"fps": 4}, 3, tmp_path)


def test_more_parts_than_frames_are_refused(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "short.mp4", frames=3)

    with pytest.raises(ValueError, match="3 frames are selected; they cannot be cut into 4 parts"):
        check("video-quality", video, {}, 4, tmp_path)
