"""Audio transcoder: copies the audio of one file into another as AAC, beside the frames."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from voxel51.labels.media.containers import open_audio
from voxel51.labels.media.media_clock import MediaClock

RATE = 48_000
_FRAME_SAMPLES = 1024  # frame size of AAC
_PLAUSIBLE_RATES = range(1000, 768_001)
"""Samples per second of real audio. At 1 Hz, a few kilobytes would be resampled to hours."""

_SMALLEST_GAP_SECONDS = 0.05
"""A shorter gap between two audio frames is a rounding error of the clock."""


class AudioTranscoder:
    """Writes the audio of one file into another, as AAC in stereo, up to the time of the frames that are written."""

    def __init__(self, source: InputContainer, sound: AudioStream, target: OutputContainer, start: float) -> None:
        self._source = source
        self._frames = decoded_audio(source, sound, start)
        self._target = target
        self._stream = target.add_stream("aac", rate=RATE)
        self._stream.codec_context.layout = "stereo"
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE, frame_size=_FRAME_SAMPLES)
        self._written = 0  # samples
        self._is_over = False

    @classmethod
    def open(cls, path: Path, target: OutputContainer, start: float) -> Self | None:
        """Return a transcoder of the file at ``path`` from ``start`` seconds on; None if the file has no decodable
        audio.
        """
        opened = open_audio(path)
        return None if opened is None else cls(*opened, target, start)

    def write(self, until: float) -> None:
        """Write the audio before ``until`` seconds."""
        while not self._is_over and self._written < until * RATE:
            frame = next(self._frames, None)
            if frame is None:
                self._is_over = True
            for piece in self._resampler.resample(frame):
                self._encode(piece)

    def finish(self, seconds: float | None) -> None:
        """Write the rest: up to ``seconds``, or all."""
        self.write(float("inf") if seconds is None else seconds)
        self._target.mux(self._stream.encode(None))

    def close(self) -> None:
        """Close the source file."""
        self._source.close()

    def _encode(self, piece: av.AudioFrame) -> None:
        piece.pts, piece.time_base = self._written, Fraction(1, RATE)
        self._written += piece.samples
        self._target.mux(self._stream.encode(piece))


def decoded_audio(
    source: InputContainer, sound: AudioStream, start: float, damaged: Callable[[], None] = lambda: None
) -> Iterator[av.AudioFrame]:
    """Yield decoded audio frames in order; gaps become silence, and frames before ``start`` are left out.

    Times are continuous where the timestamps of the stream restart or jump, like those of the video beside it.
    ``damaged`` is called for each packet that cannot be decoded, and for each frame with an implausible rate, which is
    left out.
    """
    clock, position = MediaClock.of(source, _FRAME_SAMPLES / RATE), 0.0
    for packet in source.demux(sound):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            damaged()
            continue  # the next packet may be whole
        for frame in frames:
            if frame.sample_rate not in _PLAUSIBLE_RATES:
                damaged()
                continue
            time = clock.tick(frame.time, frame.samples / frame.sample_rate) - start
            if time + frame.samples / frame.sample_rate > 0:
                yield from _silence(frame, time - position)
                yield frame
                position = max(position, time) + frame.samples / frame.sample_rate


def _silence(like: av.AudioFrame, seconds: float) -> Iterator[av.AudioFrame]:
    """Yield ``seconds`` of silence in frames of one second."""
    while seconds > _SMALLEST_GAP_SECONDS:
        count = max(1, round(min(seconds, 1.0) * like.sample_rate))
        piece = av.AudioFrame(format=like.format.name, layout=like.layout.name, samples=count)
        piece.sample_rate = like.sample_rate
        for plane in piece.planes:
            plane.update(bytes(plane.buffer_size))
        yield piece
        seconds -= 1.0
