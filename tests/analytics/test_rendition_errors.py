"""Renditions of hostile media: their owner gets a sentence about the file, whatever the decoder raises."""

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import av
import cv2
import pytest

from support.video_samples import numbered_video
from voxel51.analytics.rendition import renderers
from voxel51.analytics.rendition.process import process
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job

KINDS: dict[str, dict[str, Any]] = {
    "index": {},
    "poster": {"width": 32},
    "thumbnails": {"count": 3, "width": 32},
    "frame": {"number": 7, "image": "jpg"},
    "playable": {"height": 1080},
    "clip": {"first": 2, "last": 5},
}


def make(kind: str, video: Path) -> None:
    """Make a rendition of ``video``, which its owner calls ``mine.mp4``."""
    scratch = video.with_suffix(f".{kind}")
    scratch.mkdir()
    made = SimpleNamespace(
        parameters={"kind": kind, "arguments": KINDS[kind]},
        scratch=scratch,
        inputs={"video": video},
        filenames={"video": "mine.mp4"},
        progress=lambda *_: None,
        output=lambda _: scratch / "rendition",
    )
    process(cast("Job", made))


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (av.error.InvalidDataError(1, "Invalid data found when processing input"), "'mine.mp4' cannot be processed: a"),
        (cv2.error("OpenCV(4.10) (-215:Assertion failed) !ssize.empty()"), "'mine.mp4' cannot be processed: a part is"),
        (ZeroDivisionError("division by zero"), "'mine.mp4' cannot be processed: a part is damaged, or of an"),
    ],
)
def test_errors_of_decoders_are_the_fault_of_the_file(tmp_path, monkeypatch, raised, said) -> None:
    def fail(_task: object) -> Path:
        raise raised

    monkeypatch.setitem(cast("Any", renderers.RENDERERS), "poster", fail)

    with pytest.raises(InvalidInput) as refused:
        make("poster", numbered_video(tmp_path / "local-name.mp4", frames=3))

    assert said in str(refused.value)
    assert "Error" not in str(refused.value)


def test_full_disk_is_not_the_fault_of_the_file(tmp_path, monkeypatch) -> None:
    def fail(_task: object) -> Path:
        raise av.error.OSError(28, "No space left on device")

    monkeypatch.setitem(cast("Any", renderers.RENDERERS), "poster", fail)

    with pytest.raises(OSError, match="No space left"):
        make("poster", numbered_video(tmp_path / "v.mp4", frames=3))


@pytest.mark.parametrize("name", ["v.mp4", "v.avi", "v.gif", "v.ts", "v.mkv"])
def test_damaged_videos_give_a_rendition_or_a_sentence(tmp_path, name: str) -> None:
    codec, pixels = {"v.avi": ("mjpeg", "yuvj420p"), "v.gif": ("gif", "rgb8")}.get(name, ("mpeg4", "yuv420p"))
    whole = numbered_video(tmp_path / name, frames=9, codec=codec, pixel_format=pixels).read_bytes()
    randomly = random.Random(51)
    for number in range(6):
        content = bytearray(whole)
        for _ in range(10**number // 10):
            content[randomly.randrange(len(content))] = randomly.randrange(256)
        damaged = tmp_path / f"{number}-{name}"
        damaged.write_bytes(content[: randomly.randrange(100, len(content))] if number % 2 else content)
        for kind in KINDS:
            try:
                make(kind, damaged)
            except InvalidInput as refused:
                assert "mine.mp4" in str(refused) or "the video" in str(refused)
                assert "Errno" not in str(refused)
