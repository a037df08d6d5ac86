"""Background hashes: right for every size, with constant memory and no thread that outlives its use."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from voxel51.transport.background_hash import BackgroundHash

PIECE = os.urandom(1024 * 1024)


@pytest.mark.parametrize("pieces", [0, 1, 4, 5, 40])
def test_hash_is_that_of_all_pieces(pieces: int) -> None:
    running = BackgroundHash()
    for _ in range(pieces):
        running.update(PIECE)

    assert running.size_bytes == pieces * len(PIECE)
    assert running.hexdigest() == hashlib.sha256(PIECE * pieces).hexdigest()


@pytest.mark.parametrize("end", [BackgroundHash.hexdigest, BackgroundHash.close])
def test_no_thread_is_left_at_the_end(end) -> None:
    before = threading.active_count()
    running = BackgroundHash()
    for _ in range(10):
        running.update(PIECE)
    assert threading.active_count() == before + 1

    end(running)
    running.close()

    assert threading.active_count() == before


def test_a_small_piece_is_hashed_after_the_followed_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "partial"
    path.write_bytes(PIECE)
    may_read, read = threading.Event(), os.pread

    def wait_and_read(descriptor: int, size: int, offset: int) -> bytes:
        assert may_read.wait(60)
        return read(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", wait_and_read)
    with path.open("rb") as file:
        running = BackgroundHash()
        running.follow(file.fileno(), len(PIECE))
        running.update(b"last")
        may_read.set()

        assert running.hexdigest() == hashlib.sha256(PIECE + b"last").hexdigest()
