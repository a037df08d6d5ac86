"""Local progress: partial results and checkpoints of a local job, and an interruption of it.

A platform keeps them for an attempt that goes on after the loss of a process. Locally, they show whether an analytic
goes on correctly: the job is ended right after a chosen checkpoint, and runs again.
"""

import hashlib
import threading
from collections.abc import Mapping

LIMIT_BYTES = 64 << 20
"""Size of the largest checkpoint, as on a platform without other settings."""

_WAIT_SECONDS = 60.0


class LocalProgress:
    """Partial results and checkpoints of one job. Its attempts may save a checkpoint with every frame.

    Args:
        interruptions: numbers of the checkpoints after which the job is to be ended, counted over all attempts.

    Attributes:
        checkpoints: how many were saved.
        is_interrupted: set when the job is to be ended. What sent the last checkpoint gets no answer.
    """

    def __init__(self, *interruptions: int) -> None:
        self.checkpoints = 0
        self.is_interrupted = threading.Event()
        self._interruptions = frozenset(interruptions)
        self._has_ended = threading.Event()
        self._parts: dict[int, bytes] = {}
        self._content = b""
        self._parts_before = 0

    def entries(self) -> Mapping[str, object]:
        """Return the entries of the job's task that tell the next attempt what is kept."""
        state: dict[str, object] = {"limit_bytes": LIMIT_BYTES, "interval_seconds": 0.0}
        if self.checkpoints:
            sha256 = hashlib.sha256(self._content).hexdigest()
            state["saved"] = {"sha256": sha256, "parts": self._parts_before}
        return {"partial": {"parts": len(self._parts)}, "checkpoint": state}

    def begin_again(self) -> None:
        """Discard what the ended attempt sent after its last checkpoint, as a platform does."""
        self._has_ended.set()
        self._has_ended = threading.Event()
        self._parts = {number: part for number, part in self._parts.items() if number <= self._parts_before}
        self.is_interrupted.clear()

    # The rest is called by the threads of the local platform.

    def find(self, name: str) -> bytes | None:
        """Return the ``checkpoint``, or the part with this number; None if it is not kept."""
        if name == "checkpoint":
            return self._content if self.checkpoints else None
        return self._parts.get(int(name)) if name.isdecimal() else None

    def add_part(self, number: int, body: bytes) -> None:
        """Keep a part of the partial results."""
        self._parts[number] = body

    def save(self, content: bytes, parts: int) -> None:
        """Keep a checkpoint that belongs to the first ``parts`` partial results."""
        self._content, self._parts_before = content, parts
        self.checkpoints += 1
        if self.checkpoints in self._interruptions:
            has_ended = self._has_ended
            self.is_interrupted.set()
            has_ended.wait(_WAIT_SECONDS)
