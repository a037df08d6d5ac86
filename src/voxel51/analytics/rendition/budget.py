"""Budget of renditions: refuse a video that is too long to be decoded whole, before its first frame is decoded.

A file of a few megabytes may have a million frames. Larger single frames are refused by `open_container`.
"""

from collections.abc import Iterable
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from voxel51.labels.media.containers import UnreadableVideo, open_container

MAX_FRAMES = 600_000
"""Six and a half hours at 25 frames per second."""

MAX_PIXELS = 2 * 10**12
"""Pixels of all frames together: eight hours of 1080p, or two hours of 4K, at 30 frames per second."""

WHOLE_VIDEO_KINDS = frozenset({"playable", "index", "thumbnails", "annotated", "sheet"})
"""Renditions for which every frame is decoded."""


def check_budget(video: Path) -> None:
    """Count the frames of ``video`` without decoding them, and check them against the budget.

    Raises:
        UnreadableVideo: it is not a video, or exceeds the budget; the text says by how much and what to do.
    """
    container, stream = open_container(video, video.name)
    try:
        frame_pixels = max(1, stream.codec_context.width * stream.codec_context.height)
        most = min(MAX_FRAMES, MAX_PIXELS // frame_pixels)
        count = stream.frames or _count_packets(container.demux(stream), most)
    finally:
        container.close()
    if count > most:
        raise UnreadableVideo(
            f"{video.name!r} is too long for this rendition: it has more than {most} frames of "
            f"{stream.codec_context.width} x {stream.codec_context.height} pixels. Make a clip of a part"
        )


def _count_packets(packets: "Iterable[Packet[VideoStream]]", most: int) -> int:
    """Return the number of packets, each of which holds one frame or field; stop counting after ``most``."""
    count = 0
    try:
        for packet in packets:
            count += bool(packet.size)
            if count > most:
                break
    except av.FFmpegError:
        pass  # damaged from here on: the readers report it
    return count
