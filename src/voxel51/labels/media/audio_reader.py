"""Audio reader: the audio of a file as samples of one channel, at one rate, without gaps."""

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
    """Iterator over the first audio stream of a file, in chunks of equal length: ``for time, samples in reader``. A
    context manager.

    Times are in seconds from the start of the file, as those of its frames; gaps are filled with silence. Undecodable
    packets are skipped and counted.

    Attributes:
        rate: samples per second.
        packets_damaged: number of undecodable packets so far.
    """

    def __init__(self, path: Path, name: str | None = None, rate: int = 16_000, chunk_samples: int = 512) -> None:
        """Open the file at ``path``. Errors call it ``name``, or by its file name.

        Raises:
            UnreadableVideo: the file has no decodable audio.
            OSError: the file does not exist or cannot be read.
        """
        self.rate = rate
        self.packets_damaged = 0
        self._chunk_samples = chunk_samples
        path.stat()
        opened = open_audio(path)
        if opened is None:
            raise UnreadableVideo(f"{name or path.name!r} holds no decodable audio")
        self._container, self._stream = opened

    def __iter__(self) -> Iterator[tuple[float, Samples]]:
        """Yield the time and samples of each chunk: float32 [chunk_samples], from -1 to 1; the last one is padded with
        silence.
        """
        buffer = np.zeros(0, np.float32)
        yielded, size = 0, self._chunk_samples
        for samples in self._resampled():
            buffer = np.concatenate([buffer, samples])
            whole = len(buffer) // size * size
            for start in range(0, whole, size):
                yield yielded / self.rate, buffer[start : start + size]
                yielded += size
            buffer = buffer[whole:]
        if len(buffer):
            yield yielded / self.rate, np.pad(buffer, (0, size - len(buffer)))

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
