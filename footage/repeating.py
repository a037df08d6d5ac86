"""Long films from short clips: packets are copied, not encoded again."""

from pathlib import Path

import av


def repeated(clip: Path, path: Path, times: int) -> Path:
    """Write the video of ``clip`` to ``path``, ``times`` times in sequence, and return ``path``."""
    with av.open(clip) as source, av.open(path, "w") as film:
        stream = source.streams.video[0]
        written = film.add_stream_from_template(stream)
        packets = [
            (bytes(packet), packet.pts, packet.dts, packet.duration or 0, packet.is_keyframe)
            for packet in source.demux(stream)
            if packet.pts is not None and packet.dts is not None
        ]
        length = max(pts + duration for _, pts, _, duration, _ in packets)
        for number in range(times):
            for content, pts, dts, duration, is_keyframe in packets:
                packet = av.Packet(content)
                packet.pts, packet.dts, packet.duration = pts + number * length, dts + number * length, duration
                packet.time_base, packet.is_keyframe, packet.stream = stream.time_base, is_keyframe, written
                film.mux(packet)
    return path
