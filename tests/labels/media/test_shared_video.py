"""Shared videos: several readers of one decoder get what each would read by itself."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from support.video_samples import numbered_video, spoiled, truncated
from voxel51.labels.media import shared_video
from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.frame import Frame, Region
from voxel51.labels.media.shared_video import Seat, SharedReader, SharedVideo
from voxel51.labels.media.video_reader import DECODE_AHEAD_FRAMES, VideoReader


def seats(video: SharedVideo, count: int) -> list[Seat]:
    return [video.seat() for _ in range(count)]


def together(path: Path, *works: Callable[[SharedReader | VideoReader], object]) -> list[object]:
    """Return what each work returns for its reader, each in a thread of its own."""
    video = SharedVideo(path)
    taken = seats(video, len(works))

    def run(seat: Seat, work: Callable[[SharedReader | VideoReader], object]) -> object:
        try:
            with seat.open(path) as reader:
                return work(reader)
        finally:
            seat.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result(timeout=60) for each in [*map(pool.submit, [run] * len(works), taken, works)]]


def everything(reader: SharedReader | VideoReader) -> object:
    """Return all that an analytic can see of a video."""
    before = reader.metadata.to_json()
    frames = [
        (frame.number, frame.time, frame.is_damaged, frame.is_keyframe, frame.size, frame.has_full_range,
         frame.image().tobytes(), frame.luma().tobytes(), frame.small(64, 36).tobytes(),
         frame.part(Region(0.25, 0.25, 0.75, 0.75)).image().tobytes(), frame.encodable(64, 36).to_ndarray().tobytes())
        for frame in reader
    ]  # fmt: skip
    return before, frames, reader.metadata.to_json(), reader.warnings(), reader.frames_decoded, reader.name


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "constant rate": lambda folder: numbered_video(folder / "a.mp4"),
    "B-frames": lambda folder: numbered_video(folder / "a.mp4", codec_options={"g": "12", "bf": "2"}),
    "variable rate": lambda folder: numbered_video(folder / "a.mp4", times_ms=[0, 40, 100, 400, 410, 900], frames=6),
    "turned": lambda folder: numbered_video(folder / "a.mp4", rotation=90),
    "10 bit": lambda folder: numbered_video(folder / "a.mp4", pixel_format="yuv420p10le"),
    "4:4:4": lambda folder: numbered_video(folder / "a.mp4", pixel_format="yuv444p"),
    "truncated": lambda folder: truncated(numbered_video(folder / "b.ts"), folder / "a.ts"),
    "damaged": lambda folder: spoiled(numbered_video(folder / "b.mp4"), folder / "a.mp4", [9, 10]),
}


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_readers_get_what_each_would_read_by_itself(make: Callable[[Path], Path], tmp_path: Path) -> None:
    path = make(tmp_path)
    with VideoReader(path) as reader:
        expected = everything(reader)

    assert together(path, everything, everything, everything) == [expected] * 3


def test_video_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = numbered_video(tmp_path / "a.mp4")
    opened = []

    class Counted(VideoReader):
        def __init__(self, *given: object) -> None:
            opened.append(given)
            super().__init__(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(shared_video, "VideoReader", Counted)

    assert together(path, *[lambda reader: len([*reader])] * 4) == [30] * 4
    assert len(opened) == 1


def test_decoder_waits_for_the_slowest_reader(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4", frames=100)
    furthest, may_go_on = [0], threading.Event()

    def fast(reader: SharedReader | VideoReader) -> int:
        for frame in reader:
            furthest[0] = frame.number
            if frame.number == 1 + DECODE_AHEAD_FRAMES:
                may_go_on.set()
        return furthest[0]

    def slow(reader: SharedReader | VideoReader) -> list[int]:
        frames, seen = iter(reader), []
        next(frames)
        assert may_go_on.wait(30)
        for frame in frames:
            assert furthest[0] <= frame.number + 2 * DECODE_AHEAD_FRAMES + 2
            seen.append(frame.number)
        return seen

    assert together(path, fast, slow) == [100, [*range(2, 101)]]


def test_reader_that_ends_early_or_fails_holds_up_no_other(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4", frames=60)

    def failing(reader: SharedReader | VideoReader) -> object:
        for frame in reader:
            if frame.number == 3:
                raise RuntimeError("of one analytic")
        return None

    def caught(reader: SharedReader | VideoReader) -> str:
        with pytest.raises(RuntimeError) as raised:
            failing(reader)
        return str(raised.value)

    results = together(path, lambda reader: next(iter(reader)).number, caught, lambda reader: len([*reader]))

    assert results == [1, "of one analytic", 60]


def test_seat_that_is_given_up_is_not_waited_for(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4")
    video = SharedVideo(path)
    first, second, third = seats(video, 3)

    second.close()
    with ThreadPoolExecutor(1) as pool:
        count = pool.submit(lambda: len([*first.open(path)]))
        third.close()
        assert count.result(timeout=30) == 30


def test_other_files_and_further_readings_are_decoded_by_themselves(tmp_path: Path) -> None:
    path, other = numbered_video(tmp_path / "a.mp4"), numbered_video(tmp_path / "b.mp4", frames=5)
    [seat] = seats(SharedVideo(path), 1)

    with seat.open(other) as reader:
        assert isinstance(reader, VideoReader)
        assert len([*reader]) == 5
    with seat.open(path, "named.mp4") as shared, seat.open(path) as again:
        assert (type(shared), shared.name, type(again)) == (SharedReader, "named.mp4", VideoReader)
        assert len([*shared]) == len([*again]) == 30
    with pytest.raises(UnreadableVideo, match=r"named\.txt"):
        empty = tmp_path / "a.txt"
        empty.write_text("text")
        SharedVideo(empty).seat().open(empty, "named.txt")


def test_closed_reader_does_not_end_as_if_the_video_did(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4")
    [seat] = seats(SharedVideo(path), 1)
    frames = iter(seat.open(path))
    next(frames)
    seat.close()

    with pytest.raises(ValueError, match="closed before its last frame"):
        list(frames)


def test_failure_of_the_decoder_is_that_of_every_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = numbered_video(tmp_path / "a.mp4")
    whole = VideoReader.__iter__

    def broken(self: VideoReader) -> Iterator[Frame]:
        for frame in whole(self):
            if frame.number == 4:
                raise UnreadableVideo("a broken decoder")
            yield frame

    monkeypatch.setattr(VideoReader, "__iter__", broken)

    def read(reader: SharedReader | VideoReader) -> object:
        with pytest.raises(UnreadableVideo, match="a broken decoder"):
            list(reader)
        return reader.frames_decoded

    assert together(path, read, read) == [3, 3]


def test_no_reader_changes_the_pixels_of_another(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4", frames=2)
    with VideoReader(path) as reader:
        frame = next(iter(reader))
        with pytest.raises(ValueError, match="read-only"):
            frame.luma()[:] = 0
        shared = frame.guarded()
        shared.image()[:] = 0
        assert np.array_equal(shared.image(), frame.image())
