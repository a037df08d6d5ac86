"""Media facts: duration, resolution, frame rate and codecs of a file, for lists."""

from pathlib import Path

from voxel51.labels.field_types import JsonValue
from voxel51.labels.media.containers import UnreadableVideo, open_audio
from voxel51.labels.media.video_reader import VideoReader, codec_name


def media_facts(path: Path) -> dict[str, JsonValue]:
    """Return what the video or audio file at ``path`` is; at most one frame is decoded.

    Keys: ``duration_seconds``, ``frame_rate`` in frames per second, ``frame_count``, ``width`` and ``height`` in
    pixels as displayed, ``video_codec``, ``audio_codec``, ``has_audio``. A value is None if the file does not declare
    it. Duration, rate and number of frames are those that the container declares, and may be wrong.

    Raises:
        UnreadableVideo: the file is neither video nor audio.
    """
    audio = open_audio(path)
    audio_codec, audio_seconds = None, None
    if audio is not None:
        container, stream = audio
        with container:
            audio_codec = codec_name(stream)
            audio_seconds = container.duration / 1_000_000 if container.duration else None
    facts: dict[str, JsonValue] = {"has_audio": audio is not None, "audio_codec": audio_codec}
    try:
        reader = VideoReader(path)
    except UnreadableVideo:
        if audio is None:
            raise
        return {**facts, "duration_seconds": None if audio_seconds is None else round(audio_seconds, 3)}
    with reader:
        known = reader.metadata
        width, height = known.frame_size or (None, None)
        return {
            **facts,
            "duration_seconds": known.duration,
            "frame_rate": known.frame_rate,
            "frame_count": known.total_frame_count,
            "width": width,
            "height": height,
            "video_codec": reader.codec,
        }
