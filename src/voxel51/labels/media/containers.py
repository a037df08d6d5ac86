"""Media containers: open a file as a video or as audio, or report what else it is."""

from collections.abc import Iterable
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from voxel51.labels.metadata import VideoMetadata

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "avi",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "m4v",
    "h264",
    "hevc",
    "av1",
    "obu",
    "ivf",
    "flv",
    "asf",
    "ogg",
    "mxf",
    "dv",
    "gif",
    "nut",
    "wtv",
    "rm",
    "mjpeg",
    "yuv4mpegpipe",
)
"""Containers that are opened. Playlists are missing on purpose (they name other files and hosts to read), and so are
formats that make a video of any text or image.
"""

AUDIO_FORMATS = ("mp3", "wav", "flac", "aac", "aiff", "caf", "w64", "au")
"""Containers of audio alone, which are opened for their audio."""

_MIME_TYPES = {
    "matroska,webm": "video/x-matroska",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
    "flv": "video/x-flv",
    "asf": "video/x-ms-asf",
    "ogg": "video/ogg",
    "mxf": "application/mxf",
    "gif": "image/gif",
}

_SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"#EXTM3U", "a playlist, which names other files; use the video itself"),
    (b"\x7fELF", "a program"),
)


MAX_FRAME_PIXELS = 2**26
"""Largest frame that is decoded, in pixels: 8192 x 8192. A file of a hundred bytes can declare frames of gigabytes."""


class UnreadableVideo(Exception):
    """File without a decodable frame. The text names the file and what is wrong with it."""


def open_container(path: Path, name: str) -> tuple[InputContainer, VideoStream]:
    """Open the file at ``path``; return the container and its video stream. The caller closes the container.

    Errors call the file ``name``.

    Raises:
        UnreadableVideo: the file is not a video; the text says what it looks like.
        OSError: the file does not exist or cannot be read.
    """
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise UnreadableVideo(f"{name!r} is empty (0 bytes)")
    try:
        container = _opened(path)
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableVideo(f"{name!r} cannot be read as a video: {_looks_like(path, error)}") from None
    stream = _video_stream(container)
    if stream is None:
        kinds = sorted({f"{each.type} ({each.codec_context.name})" for each in container.streams if each.codec_context})
        container.close()
        raise UnreadableVideo(f"{name!r} holds no video stream; it holds {' and '.join(kinds) or 'no streams'}")
    if stream.codec_context is None:
        container.close()
        raise UnreadableVideo(f"{name!r} holds video of an unsupported codec; convert it to H.264 in MP4")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_FRAME_PIXELS:
        container.close()
        raise UnreadableVideo(
            f"{name!r} has frames of {width} x {height} pixels; the limit is {MAX_FRAME_PIXELS} pixels. Scale it down"
        )
    # The decoder refuses larger frames too: they may follow small ones.
    stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}
    stream.thread_type = "AUTO"
    return container, stream


def open_audio(path: Path) -> tuple[InputContainer, AudioStream] | None:
    """Open the video or audio file at ``path``; return the container and its first decodable audio stream, or None.

    The caller closes the container.
    """
    try:
        container = _opened(path, (*FORMATS, *AUDIO_FORMATS))
    except (av.FFmpegError, ValueError):
        return None
    for stream in container.streams.audio:
        if stream.codec_context is not None:
            return container, stream
    container.close()
    return None


def _opened(path: Path, formats: Iterable[str] = FORMATS) -> InputContainer:
    # The list of protocols keeps a crafted file from making the library read other files or hosts.
    options = {"format_whitelist": ",".join(formats), "protocol_whitelist": "file"}
    return av.open(str(path.resolve()), options=options, metadata_errors="replace")


def declared_metadata(path: Path, container: InputContainer, stream: VideoStream) -> VideoMetadata:
    """Return the metadata that the container declares. They may be wrong and serve to estimate progress. Rotation is
    not applied.
    """
    rate = stream.average_rate or stream.guessed_rate
    duration = declared_duration(container, stream)
    estimate = stream.frames or (round(duration * rate) if duration and rate else None)
    return VideoMetadata(
        frame_size=(stream.codec_context.width, stream.codec_context.height),
        frame_rate=round(float(rate), 3) if rate else None,
        total_frame_count=estimate or None,
        duration=round(duration, 3) if duration else None,
        size_bytes=path.stat().st_size,
        mime_type=_mime_type(path, container),
        encoding_str=_encoding(stream),
    )


def declared_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Return the declared duration in seconds: of the stream if it has one, else of the whole file."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    start = max((container.start_time or 0) / av.time_base, 0.0)
    tagged = _seconds(stream.metadata.get("DURATION", ""))  # Matroska: the end, on a clock that starts at 0
    if tagged is not None:
        return tagged - start
    if container.duration is None:
        return None
    whole = container.duration / av.time_base
    return whole - start if "matroska" in container.format.name else whole


def _video_stream(container: InputContainer) -> VideoStream | None:
    """Return the first stream of moving images. The cover art of a song does not count."""
    pictures = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    return pictures[0] if pictures else None


def _mime_type(path: Path, container: InputContainer) -> str:
    if "mp4" in container.format.name:
        return "video/quicktime" if path.suffix.lower() in {".mov", ".qt"} else "video/mp4"
    if path.suffix.lower() == ".webm":
        return "video/webm"
    return _MIME_TYPES.get(container.format.name, "application/octet-stream")


def _encoding(stream: VideoStream) -> str:
    tag = stream.codec_context.codec_tag
    return tag if tag.isprintable() and tag.strip() else stream.codec_context.name


def _looks_like(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return f"it looks like {name}"
    if head[4:8] == b"ftyp":
        return "it begins like an MP4, but its index (moov) is missing or damaged; the file seems truncated"
    if head[:4] == b"\x1aE\xdf\xa3" or head[:4] == b"RIFF":
        return "it begins like a video, but what follows is damaged"
    if not head.strip(b"\0"):
        return "it is filled with zeros, as after a failed copy or download"
    if _is_text(head):
        return "it looks like text"
    reason = getattr(error, "strerror", None) or str(error)
    return f"unknown video format ({reason.lower()})"


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # unless the end of ``head`` splits a character
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character.isspace() for character in text)


def _seconds(text: str) -> float | None:
    """Return the seconds of ``00:01:02.345``; None for other text."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
