"""Sample videos with unusual properties, synthetic or from real footage, written with PyAV (no ffmpeg program).

A synthetic frame shows its number as ten bars (bits, the lowest on the left), so that a test can read the frame number
from the pixels.
"""

import importlib.util
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from support.requirements import skip_except_in_ci

ROOT = Path(__file__).resolve().parents[2]

BITS = 10

Image = NDArray[np.uint8]


def numbered_image(number: int, width: int = 320, height: int = 180) -> Image:
    """Return a BGR image in whose upper half bar ``b`` is white if bit ``b`` of ``number`` is set."""
    image = np.full((height, width, 3), 40, np.uint8)
    bar = width // BITS
    for bit in range(BITS):
        if number >> bit & 1:
            image[: height // 2, bit * bar : (bit + 1) * bar] = 235
    image[height // 2 :] = (60 + number * 7 % 120, 90, 120)
    return image


def number_in(image: Image) -> int:
    """Return the number in an image of `numbered_image`, read from its upper half."""
    bar = image.shape[1] // BITS
    row = image[: image.shape[0] // 4].mean(axis=(0, 2))
    return sum(1 << bit for bit in range(BITS) if row[bit * bar + bar // 4 : (bit + 1) * bar - bar // 4].mean() > 128)


def numbered_video(
    path: Path,
    *,
    frames: int = 30,
    codec: str = "libx264",
    size: tuple[int, int] = (320, 180),
    pixel_format: str = "yuv420p",
    times_ms: Sequence[int] | None = None,
    rotation: int | None = None,
    codec_options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    audio_seconds: float = 0.0,
) -> Path:
    """Write a video of frames 1, 2, 3, … at 25 frames per second or at the given presentation times."""
    time_base = Fraction(1, 25) if times_ms is None else Fraction(1, 1000)
    times = range(frames) if times_ms is None else times_ms
    with av.open(path, "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=25, options=codec_options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = time_base
        if rotation is not None:
            stream.set_display_rotation(rotation)
        sound = container.add_stream("aac", rate=48000) if audio_seconds else None
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered_image(index + 1, *size), format="bgr24")
            frame.pts, frame.time_base = time, time_base
            container.mux(stream.encode(frame.reformat(format=pixel_format)))
        container.mux(stream.encode())
        if sound is not None:
            _add_silence(container, sound, audio_seconds)
    return path


def audio_only(path: Path, seconds: float = 1.0) -> Path:
    """Write a file with silence and no video."""
    with av.open(path, "w") as container:
        _add_silence(container, container.add_stream("aac", rate=48000), seconds)
    return path


def _add_silence(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    for index in range(int(seconds * 48000 / 1024)):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, index * 1024
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def without_video_frames(path: Path) -> Path:
    """Write a well-formed file whose video stream contains no frame."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        container.start_encoding()
    return path


def truncated(source: Path, path: Path, share: float = 0.5) -> Path:
    """Write the first part of ``source``; an MP4 must have its index in front (see `remuxed`)."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def remuxed(source: Path, path: Path, options: dict[str, str] | None = None, start_ms: int = 0) -> Path:
    """Write the same frames to another container format, with other options, or with a later start time."""
    with av.open(source) as read, av.open(path, "w", options=options or {}) as written:
        taken = read.streams.video[0]
        given = written.add_stream_from_template(taken)
        offset = int(start_ms / 1000 / taken.time_base)
        for packet in read.demux(taken):
            if packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, given
                written.mux(packet)
    return path


def spoiled(source: Path, path: Path, packets: Iterable[int]) -> Path:
    """``source`` with the payload of the given packets (counted from 0, in order of decoding) replaced by noise."""
    content = bytearray(source.read_bytes())
    noise = np.random.default_rng(51)
    chosen = set(packets)
    with av.open(source) as read:
        for index, packet in enumerate(read.demux(read.streams.video[0])):
            if index in chosen and packet.pos is not None and packet.size > 60:
                middle = slice(packet.pos + 40, packet.pos + packet.size)
                content[middle] = noise.integers(0, 256, packet.size - 40, dtype=np.uint8).tobytes()
    path.write_bytes(content)
    return path


VARIABLE_TIMES_MS = [0, 40, 80, 200, 210, 220, 500, 540, 1000, 1500, 1540, 1580, 1620, 1900, 1905, 2400]

KINDS: dict[str, Callable[[Path], Path]] = {
    "constant": lambda folder: numbered_video(folder / "constant.mp4"),
    "variable-rate": lambda folder: numbered_video(folder / "variable.mp4", times_ms=VARIABLE_TIMES_MS),
    "b-frames": lambda folder: numbered_video(folder / "b.mp4", codec_options={"bf": "3", "x264-params": "bframes=3"}),
    "fragmented": lambda folder: remuxed(
        numbered_video(folder / "whole.mp4"),
        folder / "fragmented.mp4",
        {"movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont"},
        start_ms=5000,
    ),
    "matroska": lambda folder: numbered_video(folder / "a.mkv"),
    "transport-stream": lambda folder: numbered_video(folder / "a.ts"),
    "avi-mpeg4": lambda folder: numbered_video(folder / "a.avi", codec="mpeg4"),
    "motion-jpeg": lambda folder: numbered_video(folder / "m.avi", codec="mjpeg", pixel_format="yuvj420p"),
    "hevc": lambda folder: numbered_video(
        folder / "h.mp4", codec="libx265", codec_options={"x265-params": "log-level=none"}
    ),
    "vp9": lambda folder: numbered_video(folder / "v.webm", codec="libvpx-vp9", codec_options={"deadline": "realtime"}),
    "ten-bit": lambda folder: numbered_video(folder / "ten.mp4", pixel_format="yuv420p10le"),
    "full-chroma": lambda folder: numbered_video(folder / "full.mp4", pixel_format="yuv444p"),
    "odd-size": lambda folder: numbered_video(
        folder / "odd.avi", codec="ffv1", size=(321, 181), pixel_format="yuv444p"
    ),
    "av1": lambda folder: numbered_video(
        folder / "a.mkv", codec="libsvtav1", codec_options={"preset": "10", "crf": "20"}
    ),
    "mpeg2-program-stream": lambda folder: numbered_video(folder / "p.mpg", codec="mpeg2video"),
    "flash": lambda folder: numbered_video(folder / "f.flv", codec="flv1"),
    "windows-media": lambda folder: numbered_video(folder / "w.wmv", codec="wmv2"),
    "gif": lambda folder: numbered_video(folder / "g.gif", codec="gif", pixel_format="rgb8"),
    "one-frame": lambda folder: numbered_video(folder / "one.mp4", frames=1),
    "late-start": lambda folder: remuxed(numbered_video(folder / "early.mp4"), folder / "late.mkv", start_ms=3000),
    "with-sound": lambda folder: numbered_video(folder / "sound.mp4", audio_seconds=3.0),
}
"""Kind -> maker of a numbered video of it in a folder."""


def huge_gif(path: Path, width: int, height: int) -> Path:
    """Write a GIF of some thirty bytes whose one frame has the given size."""
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    palette, frame = b"\0\0\0\xff\xff\xff", b"\x2c\0\0\0\0" + size + b"\0" + b"\x02\x02\x44\x01\0"
    path.write_bytes(b"GIF89a" + size + b"\x80\0\0" + palette + frame + b";")
    return path


def footage(name: str) -> Path:
    """Return the real clip ``name``, downloaded if necessary. Without a network the test is skipped, except in CI."""
    described = importlib.util.spec_from_file_location("fetch", ROOT / "footage" / "fetch.py")
    assert described is not None and described.loader is not None
    fetch = importlib.util.module_from_spec(described)
    described.loader.exec_module(fetch)
    try:
        return fetch.fetch() / name
    except fetch.FootageUnavailable as error:
        skip_except_in_ci(str(error))
