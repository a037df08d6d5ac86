"""Writer of video labels: writes frame by frame, so that memory does not grow with the length of the video."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TextIO

from voxel51.labels.attributes import Attribute
from voxel51.labels.builder import LabelsBuilder
from voxel51.labels.events import VideoEvent
from voxel51.labels.field_types import JsonValue
from voxel51.labels.files import atomic_file
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.video import VideoFrame, VideoLabels

FrameListener = Callable[[int, str], None]
"""Function that gets the number of a frame and its labels, as JSON."""


class VideoLabelsWriter(LabelsBuilder):
    """Writes a VideoLabels file frame by frame, one frame per line; `open` creates a writer.

    Attributes:
        metadata, provenance, attributes, events: labels of the whole video. They are written at the end and may be
            changed until then.
    """

    def __init__(self, file: TextIO, filename: str | None, written: FrameListener | None = None) -> None:
        self.metadata: VideoMetadata | None = None
        self.provenance: dict[str, JsonValue] | None = None
        self.attributes: list[Attribute] = []
        self.events: list[VideoEvent] = []
        self._filename = filename
        self._last_number = 0
        self._current: VideoFrame | None = None
        self._file = file
        self._written = written

    @classmethod
    @contextmanager
    def open(cls, path: Path, filename: str | None = None, written: FrameListener | None = None) -> Iterator[Self]:
        """Yield a writer of a file that becomes ``path`` when the block ends, and is deleted if the block fails.

        ``filename`` is the name of the labelled video. ``written`` is called with each frame that was written.
        """
        with atomic_file(path) as file:
            writer = cls(file, filename, written)
            yield writer
            writer._finish()

    def frame(self, number: int) -> VideoFrame:
        """Return the labels of the frame ``number``, to which labels may be added until a later frame is labelled.

        Raises:
            ValueError: a later frame was labelled before, so this one is written already.
        """
        if self._current is None or self._current.frame_number != number:
            self._check_order(number)
            self._write_current()
            self._current = VideoFrame(frame_number=number)
        return self._current

    def add_frame(self, frame: VideoFrame) -> None:
        """Write a frame. Frame numbers must increase; frames without labels may be left out.

        Raises:
            ValueError: the number is not greater than the last one. The file is unchanged.
        """
        self._check_order(frame.frame_number)
        self._write_current()
        self._write(frame)

    def end_frame(self) -> None:
        """Write the frame that is being labelled. No more labels can be added to it."""
        self._write_current()

    def restore_frame(self, number: int, labels: Mapping[str, JsonValue]) -> None:
        """Write a frame from its JSON, which an earlier writer wrote. It is not passed on to the listener.

        Raises:
            ValueError: the number is not greater than the last one.
        """
        self._check_order(number)
        self._write_text(number, compact_json(labels))

    def _check_order(self, number: int) -> None:
        last = self._current.frame_number if self._current else self._last_number
        if number <= last:
            raise ValueError(f"frame {number} comes after frame {last}")

    def _write_current(self) -> None:
        if self._current is not None:
            self._write(self._current)
            self._current = None

    def _write(self, frame: VideoFrame) -> None:
        text = compact_json(frame.to_json())
        self._write_text(frame.frame_number, text)
        if self._written is not None:
            self._written(frame.frame_number, text)

    def _write_text(self, number: int, text: str) -> None:
        self._file.write('{"frames":{\n' if self._last_number == 0 else ",\n")
        self._file.write(f'"{number}":{text}')
        self._last_number = number

    def _finish(self) -> None:
        self._write_current()
        whole = VideoLabels(
            filename=self._filename,
            metadata=self.metadata,
            provenance=self.provenance,
            attributes=self.attributes,
            events=self.events,
        )
        rest = compact_json(whole.to_json()).removeprefix("{")
        if self._last_number == 0:
            self._file.write("{")
        else:
            self._file.write("\n}" if rest == "}" else "\n},\n")
        self._file.write(f"{rest}\n")


def compact_json(document: Mapping[str, JsonValue]) -> str:
    """Return JSON in one line, as files of labels have it for each frame."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
