"""Analytics that run together on one video: their outputs are those of separate runs, also if one of them fails."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from support.video_samples import footage, numbered_video, truncated
from voxel51.labels.media.video_reader import VideoReader
from voxel51.platform import Analytic, Video, VideoLabelsWriter, analytic, local
from voxel51.platform.entry_points import load_analytic


def check(runs: Mapping[str, tuple[Analytic, Mapping[str, object]]], video: Path, folder: Path) -> None:
    alone = {
        name: local.run(each, {"video": video}, given, folder / "alone" / name) for name, (each, given) in runs.items()
    }

    ended = local.run_together(runs, video, folder / "together")

    assert (ended.failures, ended.results.keys()) == ({}, alone.keys())
    for name, result in ended.results.items():
        expected = alone[name]
        assert {key: path.read_bytes() for key, path in result.outputs.items()} == {
            key: path.read_bytes() for key, path in expected.outputs.items()
        }, name
        assert (result.messages, result.warnings) == (expected.messages, expected.warnings)
        assert (result.inputs, result.amount) == (expected.inputs, expected.amount)
        assert result.progress[-1] == expected.progress[-1]


def installed(**given: Mapping[str, object]) -> dict[str, tuple[Analytic, Mapping[str, object]]]:
    return {
        name: (load_analytic(f"voxel51/{name.replace('_', '-')}"), parameters) for name, parameters in given.items()
    }


def test_included_analytics_have_the_outputs_of_separate_runs(tmp_path: Path) -> None:
    runs = installed(
        shot_detection={},
        video_quality={"framewise": True},
        motion_tracks={"last_frame": 120},
        object_tracks={"first_frame": 14, "last_frame": 60},
        face_detection={"fps": 5, "end_seconds": 2.0},
        face_redaction={"last_frame": 10},
    )

    check(runs, footage("bikes.mp4"), tmp_path)


def test_damaged_video_has_the_warnings_of_separate_runs(tmp_path: Path) -> None:
    video = truncated(numbered_video(tmp_path / "whole.ts", frames=80, codec_options={"bf": "2"}), tmp_path / "in.ts")

    check(installed(shot_detection={}, video_quality={"framewise": True}), video, tmp_path)


@analytic(version="1")
def numbering(video: Video, labels: VideoLabelsWriter) -> None:
    """Number the frames.

    Args:
        video: the video.
    """
    for frame in video:
        labels.add_frame_attributes(frame, number=frame.number)


@analytic(version="1")
def failing(video: Video, labels: VideoLabelsWriter, at: int = 5) -> None:
    """Fail at a frame.

    Args:
        video: the video.
        at: the number of the frame.
    """
    for frame in video:
        if frame.number == at:
            raise RuntimeError(f"failed at frame {at}")


def test_failure_of_one_analytic_does_not_affect_the_others(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=60)
    quality = load_analytic("voxel51/video-quality")
    alone = local.run(quality, {"video": video}, {}, tmp_path / "alone")

    ended = local.run_together(
        {
            "quality": (quality, {}),
            "early": (failing, {"at": 2}),
            "late": (failing, {"at": 59}),
            "none selected": (quality, {"first_frame": 1000}),
        },
        video,
        tmp_path / "together",
    )

    assert ended.results.keys() == {"quality"}
    assert ended.results["quality"].outputs["labels"].read_bytes() == alone.outputs["labels"].read_bytes()
    assert {name: str(error)[:25] for name, error in ended.failures.items()} == {
        "early": "failed at frame 2",
        "late": "failed at frame 59",
        "none selected": "no frame of 'in.mp4' is s",
    }


def test_video_that_cannot_be_read_fails_each_run(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_text("text")

    ended = local.run_together(installed(shot_detection={}, video_quality={}), tmp_path / "in.mp4", tmp_path / "out")

    assert (ended.results, ended.failures.keys()) == ({}, {"shot_detection", "video_quality"})
    assert all("in.mp4" in str(error) for error in ended.failures.values())


@pytest.mark.parametrize(
    ("given", "error"), [({"unknown": 1}, "no parameter 'unknown'"), ({"first_frame": 1}, "file not found")]
)
def test_nothing_runs_if_an_argument_is_invalid(given: Mapping[str, object], error: str, tmp_path: Path) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=error):
        local.run_together(installed(shot_detection=given), tmp_path / "missing.mp4", tmp_path / "out")


def test_video_is_decoded_once_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=40)
    decoded = []
    numbered = VideoReader._numbered

    def counted(self, frame):
        decoded.append(frame.pts)
        return numbered(self, frame)

    monkeypatch.setattr(VideoReader, "_numbered", counted)

    ended = local.run_together({name: (numbering, {}) for name in "abc"}, video, tmp_path / "out")

    assert (len(ended.results), len(decoded)) == (3, 40)
