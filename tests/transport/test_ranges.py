"""Ranges of a file: written in place in any order, and continued after failures and the death of the process."""

import base64
import hashlib
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from voxel51.transport.errors import ConnectionFailed, Damaged
from voxel51.transport.partial import PartialDownload
from voxel51.transport.ranges import RANGE_BYTES, FileRange

CONTENT = os.urandom(4 * RANGE_BYTES + 1000)
DIGEST = "sha-256=:" + base64.b64encode(hashlib.sha256(CONTENT).digest()).decode() + ":"
OF_THE_FILE = {"etag": '"one"', "repr-digest": DIGEST}
PIECE_BYTES = 1024 * 1024


def receive(part: FileRange, most_bytes: int = RANGE_BYTES, content: bytes = CONTENT) -> None:
    first = part.position
    part.begin(206, {"content-range": f"bytes {first}-{part.stop - 1}/{len(content)}"})
    stop = min(part.stop, first + most_bytes)
    for start in range(first, stop, PIECE_BYTES):
        part.take(content[start : min(stop, start + PIECE_BYTES)])


@pytest.mark.parametrize("seed", range(3))
def test_ranges_of_any_order_make_the_file(tmp_path: Path, seed: int) -> None:
    seen: list[tuple[int, int | None]] = []
    partial = PartialDownload(tmp_path / "video.mp4", "it", lambda *step: seen.append(step))
    parts = [*partial.begin_ranges(len(CONTENT), OF_THE_FILE).missing()]
    random.Random(seed).shuffle(parts)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(receive, parts))
    partial.finish()

    assert (tmp_path / "video.mp4").read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [tmp_path / "video.mp4"]
    assert sorted(seen) == seen, "the progress went back"
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_failed_range_is_continued_and_complete_ones_are_kept(tmp_path: Path) -> None:
    partial = PartialDownload(tmp_path / "video.mp4", "it", None)
    ranges = partial.begin_ranges(len(CONTENT), OF_THE_FILE)
    parts = ranges.missing()
    receive(parts[0], 3 * PIECE_BYTES)
    receive(parts[2])

    assert partial.size_bytes == 3 * PIECE_BYTES
    assert partial.arrived_bytes == 3 * PIECE_BYTES + RANGE_BYTES
    assert [each.headers["Range"] for each in ranges.missing()][:2] == [
        f"bytes={3 * PIECE_BYTES}-{RANGE_BYTES - 1}",
        f"bytes={RANGE_BYTES}-{2 * RANGE_BYTES - 1}",
    ]
    for part in ranges.missing():
        receive(part)
    partial.finish()
    assert (tmp_path / "video.mp4").read_bytes() == CONTENT


def test_the_rest_may_come_as_one_stream(tmp_path: Path) -> None:
    partial = PartialDownload(tmp_path / "video.mp4", "it", None)
    parts = partial.begin_ranges(len(CONTENT), OF_THE_FILE).missing()
    for number in (0, 1, 3):
        receive(parts[number])

    assert partial.headers()["Range"] == f"bytes={2 * RANGE_BYTES}-"
    partial.begin(206, {"content-length": str(len(CONTENT) - 2 * RANGE_BYTES), **OF_THE_FILE})
    partial.take(CONTENT[2 * RANGE_BYTES :])
    partial.finish()
    assert (tmp_path / "video.mp4").read_bytes() == CONTENT


@pytest.mark.parametrize("end", ["given up", "killed"])
def test_bytes_after_a_gap_are_not_taken_for_the_file(tmp_path: Path, end: str) -> None:
    first = PartialDownload(tmp_path / "video.mp4", "it", None)
    parts = first.begin_ranges(len(CONTENT), OF_THE_FILE).missing()
    for number in (0, 1, 4):
        receive(parts[number])
    if end == "given up":
        first.give_up()
    else:
        os.close(first._descriptor)  # all that the death of a process does

    second = PartialDownload(tmp_path / "video.mp4", "it", None)
    assert second.size_bytes == 2 * RANGE_BYTES
    for part in second.begin_ranges(len(CONTENT), OF_THE_FILE).missing():
        receive(part)
    second.finish()
    assert (tmp_path / "video.mp4").read_bytes() == CONTENT


def test_damaged_bytes_are_refused(tmp_path: Path) -> None:
    partial = PartialDownload(tmp_path / "video.mp4", "it", None)
    damaged = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    for part in partial.begin_ranges(len(CONTENT), OF_THE_FILE).missing():
        receive(part, content=damaged)

    with pytest.raises(Damaged, match="SHA-256"):
        partial.finish()
    partial.give_up()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "content_range"),
    [(200, None), (206, "bytes 0-1/2"), (206, f"bytes 0-{RANGE_BYTES - 1}/{len(CONTENT) + 1}"), (206, "all of it")],
)
def test_another_answer_than_the_range_is_an_error(tmp_path: Path, status: int, content_range: str | None) -> None:
    partial = PartialDownload(tmp_path / "video.mp4", "it", None)
    part = partial.begin_ranges(len(CONTENT), OF_THE_FILE).missing()[0]

    with pytest.raises(ConnectionFailed, match=r"bytes=0-"):
        part.begin(status, {} if content_range is None else {"content-range": content_range})
    receive(part)
    with pytest.raises(ConnectionFailed, match="more than"):
        part.take(b"?")
    partial.give_up()
