"""Partial labels: collect what an analytic has found so far, and send it to the platform in parts while the job runs.

Adding labels takes microseconds: a thread sends them, a second after the last time at the earliest. A slow platform
does not delay the analytic; labels that it does not take in time are left out. Failures end the transfer, never the
job.
"""

import gzip
import logging
import threading
import time
from collections.abc import Callable, Sequence

from voxel51.labels.events import VideoEvent
from voxel51.labels.video import VideoLabels
from voxel51.labels.writer import compact_json
from voxel51.transport.errors import APIError

logger = logging.getLogger(__name__)

SHORTEST_INTERVAL_SECONDS = 1.0
"""Pause between two parts. Jobs that are shorter send none."""

LONGEST_INTERVAL_SECONDS = 5.0

INTERVAL_SHARE = 0.02
"""The pause grows with the run time of the job, up to the longest one: this share of it."""

PART_CHARACTERS = 1024 * 1024
"""Labels that are sent in one part. As many as these are sent after the shortest interval."""

BUFFERED_CHARACTERS = 8 * 1024 * 1024
"""Labels that wait for a platform that is slow or away. Later ones are left out."""

LAST_SECONDS = 5.0
"""Time for which the end of a failed job waits for its last part."""

SendPart = Callable[[int, bytes], bool]
"""Function that sends a part: its number and its content, JSON, gzipped. It returns False if the platform takes no more
parts, and raises `voxel51.transport.errors.APIError` if the platform is away, so that the part is sent again later.
"""


class PartialLabels:
    """Labels of a job that can be seen before its end. All methods but `flush` return at once.

    Attributes:
        is_complete: whether no labels were left out so far.
        parts: number of parts that the platform has.
    """

    def __init__(self, send: SendPart | None = None, parts: int = 0) -> None:
        """Send parts by ``send``; None: send nothing. ``parts`` is the number of parts that the platform has."""
        self.is_complete = True
        self._send = send
        self.parts = parts
        self._frames: list[str] = []
        self._events: list[str] = []
        self._characters = 0
        self._last_frame = 0
        self._event_count = 0
        self._is_sending = False
        self._begun_at = self._sent_at = time.monotonic()
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._ending = False

    def add_frame(self, number: int, text: str) -> None:
        """Add the labels of a frame, as JSON. Those of the same frame that were added before are replaced."""
        self._add(f'"{number}":{text}')
        self._last_frame = max(self._last_frame, number)

    def add_events(self, events: Sequence[VideoEvent]) -> None:
        """Add those of ``events``, a list that only grows, that are new since the last call."""
        for event in events[self._event_count :] if self._send else ():
            self._add(compact_json(event.to_json()), is_event=True)
        self._event_count = max(self._event_count, len(events))

    def add_labels(self, labels: VideoLabels) -> None:
        """Add the frames of ``labels`` after those that were added before, and its new events."""
        if self._send is None:
            return
        for number in sorted(_numbers_after(self._last_frame, labels)):
            self.add_frame(number, compact_json(labels.frames[number].to_json()))
        self.add_events(labels.events)

    def go_on(self, last_frame: int, event_count: int) -> None:
        """Begin after the labels that the platform has: frames up to ``last_frame``, and ``event_count`` events."""
        self._last_frame, self._event_count = last_frame, event_count

    def flush(self, seconds: float = LAST_SECONDS) -> bool:
        """Send all labels that were added; return whether the platform has them after ``seconds``."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
            is_sent = self._changed.wait_for(lambda: not (self._characters or self._is_sending), seconds)
            self._ending = False
        return is_sent and self.is_complete and self._send is not None

    def close(self) -> None:
        """Send nothing more. A request that is being sent goes on."""
        with self._changed:
            self._stop()

    def _add(self, text: str, *, is_event: bool = False) -> None:
        if self._send is None:
            return
        with self._changed:
            if self._characters + len(text) > BUFFERED_CHARACTERS:
                self.is_complete = False
                return
            was_empty = not self._characters
            (self._events if is_event else self._frames).append(text)
            self._characters += len(text)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="partial labels", daemon=True)
                self._thread.start()
            elif was_empty or self._characters >= PART_CHARACTERS:
                self._changed.notify_all()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while self._send and not self._is_due():
                    self._changed.wait(self._seconds_left())
                send, frames, events = self._send, self._frames, self._events
                if send is None:
                    return
                self._frames, self._events, self._characters, self._is_sending = [], [], 0, True
            self._send_all(send, frames, events)

    def _is_due(self) -> bool:
        if not self._characters:
            return False
        return self._ending or time.monotonic() >= self._due_at()

    def _seconds_left(self) -> float | None:
        return max(0.001, self._due_at() - time.monotonic()) if self._characters else None

    def _due_at(self) -> float:
        share = INTERVAL_SHARE * (time.monotonic() - self._begun_at)
        pause = min(max(SHORTEST_INTERVAL_SECONDS, share), LONGEST_INTERVAL_SECONDS)
        return self._sent_at + (SHORTEST_INTERVAL_SECONDS if self._characters >= PART_CHARACTERS else pause)

    def _send_all(self, send: SendPart, frames: list[str], events: list[str]) -> None:
        """Send labels that were taken from the buffer, in as many parts as they need."""
        while frames or events:
            count = _fitting(frames)
            try:
                is_taken = send(self.parts + 1, _part(frames[:count], events))
            except APIError as error:
                self._put_back(frames, events, error)
                return
            if not is_taken or self._send is None:
                self.close()
                return
            self.parts += 1
            frames, events = frames[count:], []
        with self._changed:
            self._is_sending = False
            self._sent_at = time.monotonic()
            self._changed.notify_all()

    def _put_back(self, frames: list[str], events: list[str], error: APIError) -> None:
        logger.info("partial labels wait for the platform: %s", error)
        with self._changed:
            self._frames[:0], self._events[:0] = frames, events
            self._characters += sum(map(len, frames)) + sum(map(len, events))
            self._is_sending = False
            self._sent_at = time.monotonic()

    def _stop(self) -> None:
        self._send = None
        self.is_complete = False
        self._frames, self._events, self._characters, self._is_sending = [], [], 0, False
        self._changed.notify_all()


def _numbers_after(last: int, labels: VideoLabels) -> list[int]:
    """Return the frames after ``last``. Frames are mostly labelled in order, so the search begins at the end."""
    numbers = []
    for number in reversed(labels.frames):
        if number <= last:
            break
        numbers.append(number)
    return numbers


def _fitting(frames: Sequence[str]) -> int:
    """Return how many of the first frames fit into a part; at least one."""
    characters = 0
    for count, text in enumerate(frames):
        characters += len(text)
        if characters > PART_CHARACTERS and count:
            return count
    return len(frames)


def _part(frames: Sequence[str], events: Sequence[str]) -> bytes:
    listed = ",\n".join(events)
    further = f',"events":{{"events":[{listed}]}}' if events else ""
    joined = ",\n".join(frames)
    text = f'{{"frames":{{{joined}}}{further}}}'
    return gzip.compress(text.encode(), compresslevel=1, mtime=0)
