"""Shared video: several readers of one video that is decoded once, each in a thread of its own.

A frame is decoded when the slowest reader needs it soon, so memory does not grow with the length of the video, and a
reader that ends early holds up no other. Frames have the same numbers, times and pixels as those of a `VideoReader`.
"""

import copy
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.frame import Frame
from voxel51.labels.media.video_reader import DECODE_AHEAD_FRAMES, VideoReader
from voxel51.labels.metadata import VideoMetadata


class FrameReader(Protocol):
    """A reader of all frames of a video, once and in order. For the attributes, see `VideoReader`."""

    name: str
    metadata: VideoMetadata
    frames_decoded: int

    def __iter__(self) -> Iterator[Frame]: ...

    def warnings(self) -> list[str]:
        """Return warnings for the owner of the video, after the last frame was read."""

    def close(self) -> None:
        """Read no more frames. Frames that were returned stay usable."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


OpenVideo = Callable[[Path, str | None], FrameReader]
"""Opens a video by its path and its name in messages: `VideoReader`, or `Seat.open`."""


class SharedVideo:
    """Decoder of the video at ``path`` for several readers.

    Call `seat` once for each reader, in advance. Decoding begins when every seat was opened or given up.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seats: list[Seat] = []
        self._source: VideoReader | None = None
        self._is_unreadable = False
        self._decoding: threading.Thread | None = None

    def seat(self) -> "Seat":
        """Return a place for one more reader. Close it when its reader will open the video no more."""
        seat = Seat(self)
        self._seats.append(seat)
        return seat

    def open_source(self, path: Path, name: str) -> VideoReader | None:
        """Return the reader that decodes for all; None for another file and one that cannot be opened. For seats."""
        if path != self._path:
            return None
        with self._lock:
            if self._source is None and not self._is_unreadable:
                try:
                    self._source = VideoReader(self._path, name)
                except (UnreadableVideo, OSError):
                    self._is_unreadable = True
            return self._source

    def begin(self) -> None:
        """Begin to decode if every seat is taken or given up, and one is taken. For seats, after each change."""
        with self._lock:
            is_due = self._decoding is None and all(seat.is_settled for seat in self._seats)
            if not is_due or self._source is None:
                return
            self._decoding = threading.Thread(
                target=self._run, args=(self._source,), name="shared-decoder", daemon=True
            )
            self._decoding.start()

    def _run(self, source: VideoReader) -> None:
        channels = [seat.channel for seat in self._seats]
        end: BaseException | None = None
        with source:
            try:
                for frame in source:
                    shared = frame.guarded()
                    takers = [channel.put(shared) for channel in channels]
                    if not any(takers):
                        break
            except BaseException as error:  # every reader raises it
                end = error
        for channel in channels:
            channel.end(end)


class Seat:
    """Place of one reader of a `SharedVideo`."""

    def __init__(self, video: SharedVideo) -> None:
        self._video = video
        self._is_free = True
        self.channel = _Channel()

    @property
    def is_settled(self) -> bool:
        """Whether the reader was opened, or never will be."""
        return not self._is_free

    def open(self, path: Path, name: str | None = None) -> FrameReader:
        """Return the reader of the shared video, the first time; a `VideoReader` for other files and further times.

        Raises:
            UnreadableVideo, OSError: see `VideoReader`.
        """
        shown = name or path.name
        source = self._video.open_source(path, shown) if self._is_free else None
        if source is None:
            return VideoReader(path, name)
        self._is_free = False
        reader = SharedReader(source, self.channel, shown)
        self._video.begin()
        return reader

    def close(self) -> None:
        """Give the place up."""
        self._is_free = False
        self.channel.close()
        self._video.begin()


class SharedReader:
    """Reader of the frames that another one decodes. For the attributes, see `VideoReader`."""

    def __init__(self, source: VideoReader, channel: "_Channel", name: str) -> None:
        self.name = name
        self.metadata = copy.deepcopy(source.metadata)
        self.frames_decoded = 0
        self._source = source
        self._channel = channel

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._channel:
            self.frames_decoded = frame.number
            yield frame
        # The source has counted all frames, and counts no more.
        for attribute in ("total_frame_count", "duration", "frame_rate"):
            setattr(self.metadata, attribute, getattr(self._source.metadata, attribute))

    def warnings(self) -> list[str]:
        """Return warnings for the owner of the video, after the last frame was read."""
        return self._source.warnings()

    def close(self) -> None:
        """Read no more frames. Frames that were returned stay usable."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Channel:
    """Frames on their way to one reader; the decoder waits while it is full."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frames: deque[Frame] = deque()
        self._is_closed = False
        self._is_ended = False
        self._error: BaseException | None = None

    def put(self, frame: Frame) -> bool:
        """Hand a frame over; return whether the reader takes more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._frames) < DECODE_AHEAD_FRAMES)
            if not self._is_closed:
                self._frames.append(frame)
                self._changed.notify_all()
            return not self._is_closed

    def end(self, error: BaseException | None) -> None:
        """Say that no more frames follow, because of ``error`` or because the last one was handed over."""
        with self._changed:
            self._is_ended, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more frames."""
        with self._changed:
            self._is_closed = True
            self._frames.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._frames or self._is_ended or self._is_closed)
                if self._is_closed:
                    raise ValueError("the video was closed before its last frame was read")
                if not self._frames:
                    if self._error is not None:
                        raise self._error
                    return
                frame = self._frames.popleft()
                self._changed.notify_all()
            yield frame
