from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.video_samples import (
    KINDS,
    VARIABLE_TIMES_MS,
    audio_only,
    footage,
    number_in,
    numbered_image,
    numbered_video,
    remuxed,
    spoiled,
    truncated,
    without_video_frames,
)
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.video_reader import VideoReader, probe


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_every_frame_has_the_number_that_its_image_shows(make: Callable[[Path], Path], tmp_path: Path) -> None:
    with VideoReader(make(tmp_path)) as video:
        frames = [(frame.number, number_in(frame.image()), round(frame.time, 3)) for frame in video]

    numbers, shown, times = zip(*frames, strict=True)
    assert numbers == tuple(range(1, len(frames) + 1))
    assert shown == numbers
    assert times[0] == 0
    assert list(times) == sorted(set(times))
    assert video.metadata.total_frame_count == len(frames)
    assert video.warnings() == []


def test_presentation_times_are_those_of_the_file(tmp_path: Path) -> None:
    with VideoReader(numbered_video(tmp_path / "variable.mp4", times_ms=VARIABLE_TIMES_MS)) as video:
        times = [frame.time for frame in video]

    assert times == pytest.approx([each / 1000 for each in VARIABLE_TIMES_MS], abs=0.001)


def joined(folder: Path, second_starts_ms: int) -> Path:
    """Two transport streams of 50 frames in one file; the second one starts at its own time."""
    first = numbered_video(folder / "first.ts", frames=50)
    second = remuxed(numbered_video(folder / "second.mp4", frames=50), folder / "second.ts", start_ms=second_starts_ms)
    (folder / "joined.ts").write_bytes(first.read_bytes() + second.read_bytes())
    return folder / "joined.ts"


def with_negative_timestamps(folder: Path) -> Path:
    source = numbered_video(folder / "source.mp4", frames=100)
    return remuxed(source, folder / "negative.mkv", {"avoid_negative_ts": "disabled"}, start_ms=-1500)


@pytest.mark.parametrize(
    "make",
    [lambda folder: joined(folder, 0), lambda folder: joined(folder, 3_600_000), with_negative_timestamps],
    ids=["restart", "leap of an hour", "negative in Matroska"],
)
def test_times_are_continuous_where_timestamps_restart_or_jump(make: Callable[[Path], Path], tmp_path: Path) -> None:
    with VideoReader(make(tmp_path)) as video:
        times = [frame.time for frame in video]

    assert times == pytest.approx([number / 25 for number in range(100)], abs=0.002)
    assert video.metadata.frame_rate == pytest.approx(25.0, abs=0.01)
    assert video.metadata.duration == pytest.approx(4.0, abs=0.01)
    [warning] = video.warnings()
    assert warning.startswith("the timestamps restart or jump 1 times, first at frame ")


def test_a_gap_in_a_transport_stream_keeps_its_time_and_the_frame_rate(tmp_path: Path) -> None:
    with VideoReader(joined(tmp_path, 7_000)) as video:
        times = [frame.time for frame in video]

    assert times[50] - times[49] == pytest.approx(4.96, abs=0.05)
    assert video.metadata.frame_rate == pytest.approx(25.0, abs=0.01)
    assert video.warnings() == []


def test_frames_that_an_edit_list_removes_are_not_counted(tmp_path: Path) -> None:
    whole = numbered_video(tmp_path / "whole.mp4", codec_options={"g": "5"})

    with VideoReader(remuxed(whole, tmp_path / "cut.mp4", start_ms=-480)) as video:
        shown = [number_in(frame.image()) for frame in video]

    assert shown == list(range(31 - len(shown), 31))
    assert 0 < len(shown) < 30
    assert video.warnings() == []


@pytest.mark.parametrize(("angle", "quarter_turns"), [(90, 1), (180, 2), (-90, 3)])
def test_pixels_are_rotated_by_the_display_matrix(angle: int, quarter_turns: int, tmp_path: Path) -> None:
    with VideoReader(numbered_video(tmp_path / "turned.mp4", frames=1, rotation=angle)) as video:
        frame = next(iter(video))

    upright = np.rot90(numbered_image(1), quarter_turns)
    for pixels in (frame.image(), frame.small(*frame.size)):
        assert np.abs(pixels.astype(int) - upright).mean() < 12
    assert frame.luma().shape == upright.shape[:2]
    assert video.metadata.frame_size == frame.size == (upright.shape[1], upright.shape[0])


@pytest.mark.parametrize("kind", ["constant", "full-chroma", "ten-bit", "motion-jpeg"])
def test_the_small_image_resembles_the_full_one(kind: str, tmp_path: Path) -> None:
    with VideoReader(KINDS[kind](tmp_path)) as video:
        frame = list(video)[20]

    assert number_in(frame.small(160, 90)) == 21
    assert np.abs(frame.small(160, 90).astype(int) - frame.image()[::2, ::2]).mean() < 6


def test_a_truncated_file_is_read_as_far_as_it_decodes(tmp_path: Path) -> None:
    whole = remuxed(footage("bikes.mp4"), tmp_path / "whole.mp4", {"movflags": "faststart"})

    with VideoReader(truncated(whole, tmp_path / "short.mp4")) as video:
        count = sum(1 for _ in video)

    assert 60 < count < 190
    assert len(video.warnings()) == 1
    expected = f"{count} frames were decoded ({count / 25:.2f} s), the file declares about 250 frames, 10.00 s"
    assert expected in video.warnings()[0]


def test_damaged_frames_are_returned_flagged_and_counted(tmp_path: Path) -> None:
    whole = remuxed(footage("bikes.mp4"), tmp_path / "whole.mp4", {"movflags": "faststart"})

    with VideoReader(spoiled(whole, tmp_path / "spoiled.mp4", range(60, 90, 7))) as video:
        damaged = [frame.number for frame in video if frame.is_damaged]

    assert damaged
    assert len(damaged) == video.frames_damaged
    assert f"{len(damaged)} frames are damaged, the first is frame {damaged[0]}" in video.warnings()


def test_damaged_audio_has_no_effect(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "sound.ts", audio_seconds=1.2)
    with VideoReader(path) as video:
        assert [number_in(frame.image()) for frame in video] == list(range(1, 31))
    content = bytearray(path.read_bytes())
    sound = [at for at in range(0, len(content), 188) if content[at + 1] & 0x1F == 1 and content[at + 2] == 1]
    for start in sound:  # packets of stream 0x101, the second one
        content[start + 12 : start + 188] = bytes(reversed(content[start + 12 : start + 188]))
    assert len(sound) > 5
    path.write_bytes(content)

    with VideoReader(path) as video:
        assert [number_in(frame.image()) for frame in video] == list(range(1, 31))


def write(content: bytes) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return make


UNREADABLE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "empty": (write(b""), "is empty (0 bytes)"),
    "text": (write("Grüße\n".encode() * 900), "it looks like text"),
    "zeros": (write(bytes(5000)), "it is filled with zeros"),
    "noise": (write(np.random.default_rng(1).bytes(5000)), "unknown video format"),
    "an image": (write(b"\x89PNG\r\n\x1a\n" + bytes(99)), "it looks like a PNG image"),
    "a playlist": (write(b"#EXTM3U\n#EXTINF:1\nother.mp4\n"), "it looks like a playlist, which names other files"),
    "an archive": (write(b"PK\x03\x04" + bytes(99)), "it looks like a ZIP archive"),
    "sound alone": (audio_only, "holds no video stream; it holds audio (aac)"),
    "no frames": (without_video_frames, "holds no video stream; it holds no streams"),
    "an MP4 without its index": (
        lambda path: truncated(footage("bikes.mp4"), path),
        "its index (moov) is missing or damaged; the file seems truncated",
    ),
}


@pytest.mark.parametrize(("make", "text"), UNREADABLE.values(), ids=UNREADABLE)
def test_the_error_names_the_kind_of_a_file_that_is_not_a_video(
    make: Callable[[Path], Path], text: str, tmp_path: Path
) -> None:
    path = make(tmp_path / "given.mp4")

    with pytest.raises(UnreadableVideo) as caught:
        VideoReader(path, "holiday.mp4")

    assert "'holiday.mp4'" in str(caught.value)
    assert text in str(caught.value)


def test_reading_can_stop_early(tmp_path: Path) -> None:
    with VideoReader(numbered_video(tmp_path / "long.mp4", frames=200)) as video:
        for frame in video:
            if frame.number == 3:
                break

    assert video.frames_decoded == 3


def test_probe_returns_the_declared_metadata() -> None:
    known = probe(footage("bikes.mp4"))

    assert known.to_json() == {
        "frame_size": (640, 272),
        "frame_rate": 25.0,
        "total_frame_count": 250,
        "duration": 10.0,
        "size_bytes": 509868,
        "mime_type": "video/mp4",
        "encoding_str": "avc1",
    }
