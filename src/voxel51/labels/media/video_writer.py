"""Writing a video that browsers play: H.264 in MP4 that starts at once, every frame at its own time, with sound."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from voxel51.labels.media.audio_transcoder import AudioTranscoder

TICKS_PER_SECOND = 90_000
"""Clock of the written video; every usual frame rate divides it well."""

_ENCODING = {"preset": "veryfast", "crf": "20"}
_BT709, _LIMITED_RANGE = 1, 1
_FASTEST = 1000
"""Frames a second; what claims to have more (a broken header) is not believed, except in the frames' own times."""


class VideoWriter:
    """A video that is being written, as `video_writer` returns it."""

    def __init__(self, container: OutputContainer, stream: VideoStream, sound: AudioTranscoder | None) -> None:
        self._container = container
        self._stream = stream
        self._sound = sound
        self._last_tick = -1

    def add(self, picture: av.VideoFrame, seconds: float) -> None:
        """Show ``picture`` (yuv420p, BT.709, of the recording's size) at ``seconds``, or right after the one before it
        where that is later. Sound up to there is written with it.
        """
        self._last_tick = max(self._last_tick + 1, round(seconds * TICKS_PER_SECOND))
        picture.pts, picture.time_base = self._last_tick, Fraction(1, TICKS_PER_SECOND)
        self._container.mux(self._stream.encode(picture))
        if self._sound is not None:
            self._sound.write(until=seconds)

    def finish(self, seconds: float | None = None) -> None:
        """Nothing follows; sound ends at ``seconds``, or with its source."""
        self._container.mux(self._stream.encode())
        if self._sound is not None:
            self._sound.finish(seconds)


@contextmanager
def video_writer(
    output: Path, size: tuple[int, int], rate: float, sound_of: Path | None = None, start: float = 0.0
) -> Iterator[VideoWriter]:
    """A recording that becomes the file ``output`` when the block ends, and vanishes when it fails.

    Args:
        size: width and height in pixels, both even.
        rate: frames a second, about. There is a keyframe every second, so that players seek quickly.
        sound_of: a file whose sound is written too, if it has any.
        start: seconds of that file at which the recording's time is 0.
    """
    believed = Fraction(min(max(rate, 1.0), _FASTEST)).limit_denominator(1001)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".recording-") as folder:
        piece = Path(folder) / "video.mp4"
        with (
            av.open(str(piece), "w", format="mp4", options={"movflags": "+faststart"}) as container,
            ExitStack() as stack,
        ):
            stream = container.add_stream(
                "libx264", rate=believed, options={**_ENCODING, "g": str(round(believed) or 1)}
            )
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
            stream.codec_context.colorspace = _BT709
            stream.codec_context.color_primaries = _BT709
            stream.codec_context.color_trc = _BT709
            stream.codec_context.color_range = _LIMITED_RANGE
            sound = None if sound_of is None else AudioTranscoder.open(sound_of, container, start)
            if sound is not None:
                stack.callback(sound.close)
            yield VideoWriter(container, stream, sound)
        piece.replace(output)
