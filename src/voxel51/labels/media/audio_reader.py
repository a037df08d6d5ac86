"""The sound of a file as numbers: one channel, at one rate, without gaps."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray

from voxel51.labels.media.audio_transcoder import decoded_audio
from voxel51.labels.media.containers import UnreadableVideo, open_audio

Samples = NDArray[np.float32]


class AudioReader:
    """The first sound of a file, in pieces of equal length: ``for time, samples in reader``. A context manager.

    Times are in seconds from the start of the file, as those of its pictures; where it has no sound there is silence.
    What cannot be decoded is left out and counted.

    Attributes:
        rate: samples a second.
        packets_damaged: pieces that could not be decoded so far.
    """

    def __init__(self, path: Path, name: str | None = None, rate: int = 16_000, piece_samples: int = 512) -> None:
        """Open the file at ``path``. Errors call it ``name``, or as the file is called.

        Raises:
            UnreadableVideo: it holds no sound that can be decoded.
            OSError: the file is not there or may not be read.
        """
        self.rate = rate
        self.packets_damaged = 0
        self._piece_samples = piece_samples
        path.stat()
        opened = open_audio(path)
        if opened is None:
            raise UnreadableVideo(f"{name or path.name!r} holds no sound that can be read")
        self._container, self._stream = opened

    def __iter__(self) -> Iterator[tuple[float, Samples]]:
        """Samples are float32 [piece_samples], from -1 to 1; a last piece that is not full is filled with silence."""
        waiting = np.zeros(0, np.float32)
        given, size = 0, self._piece_samples
        for samples in self._resampled():
            waiting = np.concatenate([waiting, samples])
            whole = len(waiting) // size * size
            for start in range(0, whole, size):
                yield given / self.rate, waiting[start : start + size]
                given += size
            waiting = waiting[whole:]
        if len(waiting):
            yield given / self.rate, np.pad(waiting, (0, size - len(waiting)))

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _resampled(self) -> Iterator[Samples]:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=self.rate)
        for frame in decoded_audio(self._container, self._stream, 0.0, self._count_damage):
            for piece in resampler.resample(frame):
                yield piece.to_ndarray()[0]
        for piece in resampler.resample(None):
            yield piece.to_ndarray()[0]

    def _count_damage(self) -> None:
        self.packets_damaged += 1
