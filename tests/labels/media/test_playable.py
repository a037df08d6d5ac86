"""A playable video has the frames of its source: each one, at its time."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from support.video_samples import KINDS, VARIABLE_TIMES_MS, footage, number_in, numbered_video
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.frame_index import frame_index
from voxel51.labels.media.playable import WHOLE_VIDEO, VideoRange, playable_video
from voxel51.labels.media.video_reader import VideoReader


def shown(path: Path) -> list[tuple[int, float]]:
    """The number that stands in each frame, and when it is shown."""
    with VideoReader(path) as video:
        return [(number_in(frame.image()), frame.time) for frame in video]


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_every_frame_of_every_kind_of_video_keeps_its_time(make: Callable[[Path], Path], tmp_path: Path) -> None:
    video, output = make(tmp_path), tmp_path / "playable.mp4"

    playable_video(video, output)

    before, after = shown(video), shown(output)
    assert [number for number, _ in after] == [number for number, _ in before]
    assert [time for _, time in after] == pytest.approx([time for _, time in before], abs=0.001)
    assert frame_index(video)["times"] == pytest.approx([time for _, time in after], abs=0.001)
    with av.open(output) as container:
        assert [each.codec_context.name for each in container.streams.video] == ["h264"]
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
    content = output.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_a_rotated_video_becomes_upright(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "turned.mp4", rotation=90)

    playable_video(video, tmp_path / "out.mp4")

    with VideoReader(video) as before, VideoReader(tmp_path / "out.mp4") as after:
        assert after.metadata.frame_size == before.metadata.frame_size == (180, 320)
        first, again = next(iter(before)).image(), next(iter(after)).image()
    assert np.abs(first.astype(int) - again.astype(int)).mean() < 6


def test_audio_at_an_implausible_rate_is_left_out(tmp_path: Path) -> None:
    """A few kilobytes at 1 Hz would become hours of audio, and take as long to encode."""
    video = tmp_path / "slow.mkv"
    with av.open(video, "w") as container:
        picture = container.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("pcm_u8", rate=1)
        sound.codec_context.layout, sound.codec_context.format = "mono", "u8"
        container.mux(picture.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(picture.encode(None))
        samples = av.AudioFrame(format="u8", layout="mono", samples=4096)
        samples.sample_rate, samples.pts = 1, 0
        container.mux(sound.encode(samples))
        container.mux(sound.encode(None))

    playable_video(video, tmp_path / "out.mp4")

    with av.open(tmp_path / "out.mp4") as container:
        assert container.streams.video[0].frames == 1
        assert all(stream.frames == 0 for stream in container.streams.audio)


def test_large_frames_are_shrunk_and_sides_are_even(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "odd.avi", codec="ffv1", size=(321, 181), pixel_format="yuv444p")

    playable_video(video, tmp_path / "out.mp4", max_height=90)

    with VideoReader(tmp_path / "out.mp4") as after:
        assert after.metadata.frame_size == (160, 90)


@pytest.mark.parametrize(
    ("part", "numbers"),
    [
        (VideoRange(first=5, last=9), range(5, 10)),
        (VideoRange(start=0.2, end=0.4), range(6, 12)),
        (VideoRange(last=3), range(1, 4)),
        (VideoRange(start=1.0), range(26, 31)),
    ],
    ids=str,
)
def test_a_range_begins_at_zero(part: VideoRange, numbers: range, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "whole.mp4", audio_seconds=3.0)

    playable_video(video, tmp_path / "part.mp4", video_range=part)

    seen = shown(tmp_path / "part.mp4")
    assert [number for number, _ in seen] == list(numbers)
    assert seen[0][1] == pytest.approx(0, abs=0.001)
    with av.open(tmp_path / "part.mp4") as container:
        sound = container.streams.audio[0]
        seconds = sum(frame.samples for frame in container.decode(sound)) / sound.rate
    ends = 3.0 if part.last is None and part.end is None else seen[-1][1] + (part.start or 0) + 0.04
    assert seconds == pytest.approx(ends - (part.start or 0), abs=0.1)


@pytest.mark.parametrize("part", [VideoRange(first=31), VideoRange(start=9.0), VideoRange(first=10, last=9)], ids=str)
def test_a_range_without_frames_is_rejected_and_leaves_no_file(part: VideoRange, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "whole.mp4")

    with pytest.raises(ValueError, match="frame"):
        playable_video(video, tmp_path / "part.mp4", video_range=part)

    assert [each.name for each in tmp_path.iterdir()] == ["whole.mp4"]


def test_a_file_that_is_not_a_video_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("no video")

    with pytest.raises(UnreadableVideo):
        playable_video(tmp_path / "a.mp4", tmp_path / "out.mp4")


def sound_of(path: Path) -> NDArray[np.float32]:
    """One channel at 16 kHz."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=16000)
    with av.open(path) as container:
        return np.concatenate([p.to_ndarray()[0] for f in container.decode(audio=0) for p in resampler.resample(f)])


@pytest.mark.parametrize(
    ("part", "start"), [(WHOLE_VIDEO, 0), (VideoRange(start=1.0, end=3.0), 1)], ids=["all", "part"]
)
def test_audio_stays_in_sync_with_its_frames(part: VideoRange, start: int, tmp_path: Path) -> None:
    playable_video(footage("bigbuckbunny.mp4"), tmp_path / "out.mp4", video_range=part)

    before = sound_of(footage("bigbuckbunny.mp4"))[start * 16000 : (start + 1) * 16000]
    after = sound_of(tmp_path / "out.mp4")[:16000]
    likeness = np.fft.irfft(np.fft.rfft(before, 32000) * np.conj(np.fft.rfft(after, 32000)))
    lag = int(np.argmax(likeness))
    assert min(lag, 32000 - lag) / 16 < 25  # milliseconds; people notice 45
    assert likeness.max() / np.sqrt((before**2).sum() * (after**2).sum()) > 0.99


def test_the_frame_index_tells_constant_from_variable_rates(tmp_path: Path) -> None:
    constant = frame_index(numbered_video(tmp_path / "constant.mp4", rotation=90))
    variable = frame_index(numbered_video(tmp_path / "variable.mp4", times_ms=VARIABLE_TIMES_MS))

    assert (constant["is_constant"], constant["frame_count"], constant["frame_rate"]) == (True, 30, 25.0)
    assert (constant["width"], constant["height"]) == (180, 320)
    assert (variable["is_constant"], variable["frame_count"]) == (False, 16)
    assert variable["times"] == pytest.approx([each / 1000 for each in VARIABLE_TIMES_MS], abs=0.001)
