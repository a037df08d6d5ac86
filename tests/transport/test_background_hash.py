"""Background hashes: right for every size, with constant memory and no thread that outlives its use."""

import hashlib
import os
import threading

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
