"""Video writer: H.264 in MP4 that browsers play, with the index in front, exact frame times and audio."""

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
"""Clock of the written video; a multiple of every common frame rate."""

_ENCODING = {"preset": "veryfast", "crf": "20"}
_BT709, _LIMITED_RANGE = 1, 1
_FASTEST = 1000
"""Maximum plausible frame rate; a higher one is a broken header, and only the times of the frames are used."""


class VideoWriter:
    """Video that is being written; `video_writer` creates it."""

    def __init__(self, container: OutputContainer, stream: VideoStream, sound: AudioTranscoder | None) -> None:
        self._container = container
        self._stream = stream
        self._sound = sound
        self._last_tick = -1

    def add(self, picture: av.VideoFrame, seconds: float) -> None:
        """Add ``picture`` (yuv420p, BT.709, of the video's size) at ``seconds``, or right after the previous one if
        that is later.

        Audio up to that time is written with it.
        """
        self._last_tick = max(self._last_tick + 1, round(seconds * TICKS_PER_SECOND))
        picture.pts, picture.time_base = self._last_tick, Fraction(1, TICKS_PER_SECOND)
        self._container.mux(self._stream.encode(picture))
        if self._sound is not None:
            self._sound.write(until=seconds)

    def finish(self, seconds: float | None = None) -> None:
        """Write the remaining frames; audio ends at ``seconds``, or with its source."""
        self._container.mux(self._stream.encode())
        if self._sound is not None:
            self._sound.finish(seconds)


@contextmanager
def video_writer(
    output: Path, size: tuple[int, int], rate: float, sound_of: Path | None = None, start: float = 0.0
) -> Iterator[VideoWriter]:
    """Yield a writer of a video that becomes the file ``output`` when the block ends, and is deleted if the block
    fails.

    Args:
        size: width and height in pixels, both even.
        rate: approximate frames per second. There is one keyframe per second, so that players seek quickly.
        sound_of: file whose audio is copied, if it has any.
        start: time in that file, in seconds, at which the written video starts.
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
