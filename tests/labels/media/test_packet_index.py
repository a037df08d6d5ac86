"""Reading from a keyframe: frames, times and metadata are those of the whole video, whatever the file is like."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from support.video_samples import numbered_video, remuxed
from voxel51.labels.media.frame import Frame
from voxel51.labels.media.packet_index import PacketIndex
from voxel51.labels.media.video_reader import VideoReader

FRAMES = 60
OPEN_GOP = {"g": "20", "bf": "3", "x264-params": "open-gop=1:b-pyramid=normal:scenecut=0"}
UNEVEN = [40 * n + 17 * (n % 3 == 1) + 200 * (n > 30) for n in range(FRAMES)]


def described(frames: Iterable[Frame]) -> list[tuple[int, float, str]]:
    return [(each.number, each.time, hashlib.sha256(each.image().tobytes()).hexdigest()) for each in frames]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("open-gop.mp4", {"codec_options": OPEN_GOP}, id="open-gop"),
        pytest.param("open-gop.ts", {"codec_options": OPEN_GOP}, id="transport-stream"),
        pytest.param("uneven.mkv", {"codec_options": OPEN_GOP, "times_ms": UNEVEN}, id="variable-frame-rate"),
        pytest.param("hevc.mp4", {"codec": "libx265", "codec_options": {
            "x265-params": "keyint=20:min-keyint=20:open-gop=1:bframes=3:log-level=error"}}, id="hevc"),
        pytest.param("old.avi", {"codec": "mpeg4", "codec_options": {"bf": "2", "g": "20"}}, id="avi"),
    ],
)  # fmt: skip
def test_frames_from_a_keyframe_are_those_of_the_whole_video(
    name: str, options: dict[str, object], tmp_path: Path
) -> None:
    path = numbered_video(tmp_path / name, frames=FRAMES, **options)  # type: ignore[arg-type]

    check(path, starts=[45, FRAMES])


def test_an_edit_list_hides_the_frames_before_its_start(tmp_path: Path) -> None:
    whole = numbered_video(tmp_path / "whole.mp4", frames=FRAMES, codec_options=OPEN_GOP)
    path = remuxed(whole, tmp_path / "late.mp4", {"use_editlist": "1"}, start_ms=-1000)

    assert check(path, starts=[30]) < FRAMES


def check(path: Path, starts: list[int]) -> int:
    with VideoReader(path) as reader:
        whole = described(reader)
        metadata = reader.metadata
    index = PacketIndex.of(path, path.name, len(whole))
    assert index is not None
    for start in starts:
        with VideoReader(path) as reader:
            assert [*reader.times(index)] == [time for _, time, _ in whole]
            reader.start_near(index, start)
            skipped = reader.frames_decoded
            assert 0 < skipped < start
            assert described(reader) == whole[skipped:]
            assert (reader.metadata, reader.warnings()) == (metadata, [])
    return len(whole)


def test_files_whose_packets_are_not_their_frames_have_no_index(tmp_path: Path) -> None:
    once = numbered_video(tmp_path / "once.ts", frames=FRAMES).read_bytes()
    twice = tmp_path / "twice.ts"
    twice.write_bytes(once + once)

    assert PacketIndex.of(twice, "twice.ts", 2 * FRAMES) is None
    assert PacketIndex.of(tmp_path / "once.ts", "once.ts", FRAMES - 1) is None
