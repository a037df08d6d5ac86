"""Frames of printed output: decoded as the engine sends them, wherever the connection cuts them."""

import pytest

from voxel51.runners.containers.engine import FrameDecoder

FRAMES = [b"begin\n", b"", b"x" * 70_000, b"to standard error\n", b"end"]


def encoded() -> bytes:
    return b"".join(bytes([1 + index % 2, 0, 0, 0]) + len(each).to_bytes(4, "big") + each
                    for index, each in enumerate(FRAMES))  # fmt: skip


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9, 16, 1000, 1 << 20])
def test_output_is_the_same_however_it_is_cut(size):
    stream, decoder = encoded(), FrameDecoder()

    pieces = [decoder.decode(stream[begin : begin + size]) for begin in range(0, len(stream), size)]

    assert b"".join(pieces) == b"".join(FRAMES)


def test_part_of_a_frame_is_there_before_the_rest():
    decoder = FrameDecoder()

    assert decoder.decode(bytes([1, 0, 0, 0, 0, 0, 0, 10]) + b"half") == b"half"
    assert decoder.decode(b" there") == b" there"
