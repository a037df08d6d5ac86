"""Packet index: the frames of a video in display order, from packets alone, so that decoding can begin at a keyframe.

Reading packets takes a hundredth of the time of decoding. The index is exact where each packet becomes one frame; the
number of frames that were decoded once tells whether that is so.
"""

from array import array
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.containers import open_container
from voxel51.labels.media.media_clock import MediaClock

COMPARED_FRAMES = 64
"""Frames that are decoded to see whether the timestamps of packets are those of frames."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """Frame at which decoding can begin.

    Attributes:
        number: of the frame, from 1.
        packet: number of packets of the stream before its own.
        timestamp: its presentation timestamp.
    """

    number: int
    packet: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class PacketIndex:
    """Frames in display order: timestamps and lengths in units of ``time_base``, and the keyframes.

    Attributes:
        timestamps, lengths: int64 [N]; a length of 0 is unknown.
        time_base: seconds per unit.
        keyframes: in order.
    """

    timestamps: NDArray[np.int64]
    lengths: NDArray[np.int64]
    time_base: Fraction
    keyframes: tuple[Keyframe, ...]

    @classmethod
    def of(cls, path: Path, name: str, frame_count: int) -> Self | None:
        """Return the index of the video at ``path``, which has ``frame_count`` frames; None if the packets disagree.

        They disagree where packets have no timestamp, or the same one, are damaged, or become several frames or none.

        Raises:
            UnreadableVideo: the file is not a video.
        """
        timestamps, lengths, positions, keys = array("q"), array("q"), array("q"), array("q")
        container, stream = open_container(path, name)
        try:
            for position, packet in enumerate(container.demux(stream)):
                # Empty ones end the stream; others are before the start of an edit list: decoded, but not shown.
                if not packet.size or packet.is_discard:
                    continue
                if packet.pts is None or packet.is_corrupt:
                    return None
                if packet.is_keyframe:
                    keys.append(len(timestamps))
                timestamps.append(packet.pts)
                lengths.append(packet.duration or 0)
                positions.append(position)
            time_base = stream.time_base
        except av.FFmpegError:  # the file breaks off
            return None
        finally:
            container.close()
        if len(timestamps) != frame_count or time_base is None:
            return None
        found = cls._sorted(np.array(timestamps), np.array(lengths), np.array(positions), np.array(keys), time_base)
        return found if found is not None and found._has_first_frames(path, name) else None

    def _has_first_frames(self, path: Path, name: str) -> bool:
        """Return whether the first frames are those of the index. In AVI, packets of frames that are shown later than
        they are decoded have the time of decoding.
        """
        container, stream = open_container(path, name)
        try:
            shown = [frame.pts for frame in islice(container.decode(stream), COMPARED_FRAMES)]
        except av.FFmpegError:
            return False
        finally:
            container.close()
        return bool(shown == self.timestamps[: len(shown)].tolist())

    @classmethod
    def _sorted(
        cls,
        timestamps: NDArray[np.int64],
        lengths: NDArray[np.int64],
        positions: NDArray[np.int64],
        keys: NDArray[np.int64],
        time_base: Fraction,
    ) -> Self | None:
        order = np.argsort(timestamps, kind="stable")
        shown = timestamps[order]
        if (np.diff(shown) <= 0).any():
            return None
        # A frame that is decoded before a keyframe and shown after it would be missing.
        latest_before = np.maximum.accumulate(timestamps)
        usable = [key for key in keys if key == 0 or latest_before[key - 1] < timestamps[key]]
        keyframes = [
            Keyframe(int(np.searchsorted(shown, timestamps[key])) + 1, int(positions[key]), int(timestamps[key]))
            for key in usable
        ]
        return cls(shown, lengths[order], time_base, tuple(keyframes))

    def tick(self, clock: MediaClock, frames: int) -> "array[float]":
        """Let ``clock`` count the first ``frames`` frames; return their times."""
        over, under = self.time_base.numerator, self.time_base.denominator
        times = array("d")
        for timestamp, length in zip(self.timestamps[:frames].tolist(), self.lengths[:frames].tolist(), strict=True):
            times.append(clock.tick(float(timestamp) * over / under, length * over / under))
        return times
