"""Video reader: all frames of a video in display order, with exact numbers and times."""

import queue
import threading
from array import array
from collections.abc import Generator, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from voxel51.labels.media.containers import UnreadableVideo, declared_metadata, open_container
from voxel51.labels.media.frame import Frame, orientation_of
from voxel51.labels.media.media_clock import MediaClock
from voxel51.labels.media.packet_index import Keyframe, PacketIndex
from voxel51.labels.metadata import VideoMetadata

DECODE_AHEAD_FRAMES = 8
"""Number of frames that are decoded ahead: enough to keep the decoder's threads busy, 25 MB at 1080p."""

MISSING_SECONDS = 0.5
"""A video may be shorter than its container declares by this much without a warning; many are."""


class VideoReader:
    """Iterator over the frames of a video, once and in order: ``for frame in reader``. A context manager that closes
    the file.

    Frames are counted as they are decoded, never computed from a rate, so a number means the same for constant and
    variable frame rate, B-frames, edit lists and damaged files. Undecodable parts are skipped and counted. Times
    increase from frame to frame, also where timestamps restart or jump.

    Attributes:
        name: name of the video in messages.
        metadata: metadata of the video. ``total_frame_count`` and ``duration`` are declared by the container until the
            last frame is read, and counted from then on.
        frames_decoded: number of frames so far.
        frames_damaged: number of these that the decoder flagged as damaged.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        """Open the video at ``path`` and decode its first frame. Errors call it ``name``, or by its file name.

        Raises:
            UnreadableVideo: the file is not a video, or none of its frames can be decoded.
            OSError: the file does not exist or cannot be read.
        """
        self.name = name or path.name
        self._container, self._stream = open_container(path, self.name)
        self._damage = _Damage()
        self._decoding = _decoded(self._container.demux(self._stream), self._stream, self._damage)
        first = next(self._decoding, None)
        if first is None:
            self._container.close()
            reason = self._damage.stopped_by or "its video stream is empty or damaged"
            raise UnreadableVideo(f"no frame of {self.name!r} can be decoded: {reason}")
        self._first = first
        self._orientation = orientation_of(first)
        self._declared = declared_metadata(path, self._container, self._stream)
        self.metadata = declared_metadata(path, self._container, self._stream)
        width, height = first.width, first.height
        self.metadata.frame_size = (height, width) if self._orientation.swapped else (width, height)
        rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        self._path = path
        self._interval = float(1 / rate)
        self._clock = MediaClock.of(self._container, self._interval)
        self._index: PacketIndex | None = None
        self.frames_decoded = 0
        self.frames_damaged = 0
        self._first_damaged = 0

    def __iter__(self) -> Generator[Frame]:
        ahead = _DecodeAhead(self._decoding)
        try:
            yield self._numbered(self._first)
            for decoded in ahead:
                yield self._numbered(decoded)
            self._finalize_metadata()
        finally:
            ahead.close()

    def times(self, index: PacketIndex) -> "array[float]":
        """Return the times of all frames of ``index``, the index of this video."""
        return index.tick(MediaClock.of(self._container, self._interval), len(index.timestamps))

    def start_near(self, index: PacketIndex, number: int) -> None:
        """Begin with a keyframe at or before the frame ``number``. Call it before the iteration.

        Frames have the same numbers, times and images as if all of the video was read.
        """
        for keyframe in reversed([each for each in index.keyframes if 1 < each.number <= number]):
            container, stream = open_container(self._path, self.name)
            damage = _Damage()
            decoding = _decoded_from(keyframe, container, stream, damage)
            first = next(decoding, None)
            # In a stream that is refreshed slice by slice, a keyframe needs the frames before it.
            if first is not None and first.pts == keyframe.timestamp and first.pict_type == PictureType.I:
                self._container.close()
                self._container, self._stream, self._decoding, self._first = container, stream, decoding, first
                index.tick(self._clock, keyframe.number - 1)
                self.frames_decoded, self._index, self._damage = keyframe.number - 1, index, damage
                return
            container.close()

    @property
    def codec(self) -> str:
        """Name of the codec of the video stream, such as ``h264``."""
        return codec_name(self._stream)

    def warnings(self) -> list[str]:
        """Return warnings for the owner of the video, one sentence each, after the last frame was read."""
        found = []
        declared = self._declared
        # After a break, the declared duration is that of the timestamps, not of the frames.
        if declared.duration and not self._clock.break_count and self._clock.span < declared.duration - MISSING_SECONDS:
            expected = f"about {declared.total_frame_count} frames, " if declared.total_frame_count else ""
            found.append(
                f"the video is truncated or its header is wrong: {self.frames_decoded} frames were decoded "
                f"({self._clock.span:.2f} s), the file declares {expected}{declared.duration:.2f} s"
            )
        if self._clock.break_count:
            found.append(
                f"the timestamps restart or jump {self._clock.break_count} times, first at frame "
                f"{self._clock.first_break}; times are counted as if the frames followed each other"
            )
        if self.frames_damaged:
            found.append(f"{self.frames_damaged} frames are damaged, the first is frame {self._first_damaged}")
        if self._damage.packets:
            found.append(f"{self._damage.packets} pieces of the video stream could not be decoded and were skipped")
        if self._damage.stopped_by:
            found.append(f"reading stopped after frame {self.frames_decoded}: {self._damage.stopped_by}")
        return found

    def close(self) -> None:
        """Close the file. Frames that were returned stay usable."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _numbered(self, decoded: av.VideoFrame) -> Frame:
        self.frames_decoded += 1
        if self._index is not None and decoded.pts != self._index.timestamps[self.frames_decoded - 1]:
            text = f"frame {self.frames_decoded} is not where the packets of the file say"
            raise UnreadableVideo(f"{self.name!r} cannot be read from a keyframe: {text}. Run the job without parts")
        if decoded.is_corrupt:
            self.frames_damaged += 1
            self._first_damaged = self._first_damaged or self.frames_decoded
        length = float(decoded.duration * decoded.time_base) if decoded.duration and decoded.time_base else 0.0
        time = self._clock.tick(decoded.time, length)
        return Frame(self.frames_decoded, time, decoded.is_corrupt, decoded, self._orientation)

    def _finalize_metadata(self) -> None:
        self.metadata.total_frame_count = self.frames_decoded
        self.metadata.duration = round(self._clock.span, 3)
        rate = self._clock.rate
        if rate is not None:
            self.metadata.frame_rate = round(rate, 3)


def codec_name(stream: VideoStream | AudioStream) -> str:
    """Return the name of the codec, which is not that of the decoder: ``av1``, not ``libdav1d``."""
    return str(stream.codec_context.codec.canonical_name)


def probe(path: Path) -> VideoMetadata:
    """Return the metadata of the video at ``path``; only its first frame is decoded.

    The number of frames and the duration are declared by the container and may be wrong.

    Raises:
        UnreadableVideo: the file is not a video, or its first frames cannot be decoded.
        OSError: the file does not exist or cannot be read.
    """
    with VideoReader(path) as video:
        return video.metadata


class _Damage:
    """Undecodable parts of the stream."""

    def __init__(self) -> None:
        self.packets = 0
        self.stopped_by: str | None = None


def _decoded(
    packets: "Iterator[av.Packet[VideoStream]]", stream: VideoStream, damage: _Damage
) -> Iterator[av.VideoFrame]:
    """Yield every decodable frame of ``packets``. They are of the video stream only, so damaged audio has no effect."""
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:
            damage.stopped_by = (error.strerror or "the rest of the file cannot be read").lower()
            yield from stream.codec_context.decode(None)  # the frames that the decoder still holds
            return
        if packet is None:
            return
        try:
            yield from stream.codec_context.decode(packet)
        except av.FFmpegError:
            damage.packets += 1


def _decoded_from(
    keyframe: Keyframe, container: InputContainer, stream: VideoStream, damage: _Damage
) -> Iterator[av.VideoFrame]:
    """Yield the frames from ``keyframe`` on. Packets before it are read and not decoded: positions in a file that are
    found by time may be wrong.
    """
    frames = _decoded(islice(container.demux(stream), keyframe.packet, None), stream, damage)
    for frame in frames:
        # Frames that are shown before the keyframe may follow it in the file. They cannot be decoded.
        if frame.pts is not None and frame.pts >= keyframe.timestamp:
            damage.packets = 0
            yield frame
            break
    yield from frames


class _DecodeAhead:
    """Thread that runs an iterator of frames a few frames ahead of its consumer."""

    def __init__(self, frames: Iterator[av.VideoFrame]) -> None:
        self._waiting: queue.Queue[av.VideoFrame | BaseException | None] = queue.Queue(DECODE_AHEAD_FRAMES)
        self._stopped = False
        self._thread = threading.Thread(target=self._run, args=(frames,), name="decode-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[av.VideoFrame]:
        while (each := self._waiting.get()) is not None:
            if isinstance(each, BaseException):
                raise each
            yield each

    def close(self) -> None:
        """Stop the thread, also while it waits to hand over a frame."""
        self._stopped = True
        while self._thread.is_alive():
            try:
                self._waiting.get(timeout=0.01)  # the thread may be blocked in put(): make space in the queue
            except queue.Empty:
                continue
        self._thread.join()

    def _run(self, frames: Iterator[av.VideoFrame]) -> None:
        try:
            for frame in frames:
                self._waiting.put(frame)
                if self._stopped:
                    return
            self._waiting.put(None)
        except BaseException as error:  # the consumer raises it again
            self._waiting.put(error)
