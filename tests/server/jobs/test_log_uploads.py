"""Logs that programs upload by themselves: their secrets are hidden, however the log arrives."""

import hashlib
import random

import pytest

from voxel51.server.errors import TooLarge
from voxel51.server.jobs.log_uploads import HidingWriter, LogUploads
from voxel51.server.storage.local import LocalStorage
from voxel51.wire.hidden_secrets import hideable

SECRETS = ["secret", "secretsecret", "abcabcabc"]


@pytest.fixture
def storage(tmp_path):
    storage = LocalStorage(tmp_path)
    storage.open()
    return storage


@pytest.mark.parametrize("count", range(4))
def test_no_secret_is_stored_wherever_the_pieces_are_cut(storage, count):
    source, hidden = random.Random(count), hideable(SECRETS[:count])
    words = [b"secret", b"abc", b"x", b"sec", b"ret", b"abcabcabc"]
    for number in range(100):
        text, position = b"".join(source.choices(words, k=40)), 0
        writer = HidingWriter(storage.writer(f"logs/{number}", None), hidden)
        while position < len(text):
            piece = memoryview(text)[position : position + source.randint(1, 20)]
            writer.write(piece)
            position += len(piece)
        writer.sync()
        writer.commit()

        stored = b"".join(storage.read(f"logs/{number}"))
        assert not [value for value in hidden if value in stored], text
        assert stored == text if not hidden else len(stored) == len(text)
        assert (writer.sha256, writer.stored.sha256) == (digest(text), digest(stored))


def digest(content):
    return hashlib.sha256(content).hexdigest()


def test_large_log_is_refused_before_it_arrives(running, storage):
    _, attempt = running
    logs = LogUploads(storage, 1000, lambda _job, _owner: [])

    with pytest.raises(TooLarge, match="1000 are allowed"):
        logs.open(attempt, "1001")
    logs.open(attempt, "1000").abort()
