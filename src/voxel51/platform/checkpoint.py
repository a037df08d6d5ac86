"""Checkpoints: save the state of an analytic, and go on from it after the process of the job was lost.

A checkpoint has the state, the number of the last frame that was read of each video, and the labels of the whole video.
The labels of frames are not repeated in it: they were sent as partial results, which a later attempt reads again.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar  # states are plain values of any shape

from voxel51.labels.field_types import JsonValue
from voxel51.labels.video import VideoLabels
from voxel51.labels.writer import VideoLabelsWriter
from voxel51.platform.checkpoint_codec import encode
from voxel51.platform.partial_labels import PartialLabels

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 10.0
"""Pause between two checkpoints. Calls of `Checkpoint.save` in between do nothing."""

AFTER_FAILURE_SECONDS = 60.0
"""Pause after a checkpoint that could not be saved: a platform that is slow must not delay the analytic often."""

_State = TypeVar("_State")

SavedFrames = Callable[[], Iterator[tuple[int, Mapping[str, JsonValue]]]]
"""Function that yields the frames that were labelled before the checkpoint, as JSON, in order."""


class CheckpointStore(Protocol):
    """Place where checkpoints are kept."""

    @property
    def limit_bytes(self) -> int:
        """Size of the largest one."""

    @property
    def interval_seconds(self) -> float:
        """Shortest pause between two."""

    def save(self, content: bytes, parts: int) -> bool:
        """Keep a checkpoint that belongs to the first ``parts`` partial results; return whether it is kept."""


@dataclass(frozen=True, slots=True)
class SavedState:
    """Checkpoint of an earlier attempt, and the frames that were labelled before it."""

    content: Mapping[str, Any]
    frames: SavedFrames


class Checkpoint:
    """Checkpoints of one job. Without a platform that keeps them, nothing is saved and nothing was.

    Attributes:
        is_resumed: whether the job goes on from a checkpoint. Its video then begins with the first frame after it.
    """

    def __init__(
        self, partial: PartialLabels, store: CheckpointStore | None = None, saved: SavedState | None = None
    ) -> None:
        self.is_resumed = saved is not None
        self._partial = partial
        self._store = store
        self._saved = saved
        self._positions: dict[str, Callable[[], int]] = {}
        self._warnings: Callable[[], list[str]] = list
        self._labels: VideoLabels | VideoLabelsWriter | None = None
        self._measures: Callable[[], bytes] | None = None
        self._interval = INTERVAL_SECONDS if store is None else store.interval_seconds
        self._due_at = time.monotonic() + self._interval

    def load(self, default: _State) -> _State:
        """Return the state of the checkpoint from which the job goes on; ``default`` if it begins."""
        if self._saved is None:
            return default
        state: _State = self._saved.content["state"]
        return state

    @property
    def labels(self) -> VideoLabels:
        """Labels that are part of the checkpoints: empty, or those before the checkpoint. Return them at the end."""
        if not isinstance(self._labels, VideoLabels):
            self._labels = VideoLabels()
            for number, frame in self.saved_frames():
                self._labels.frames[number] = VideoLabels.from_json({"frames": {str(number): frame}}).frames[number]
            self._restore(self._labels)
        return self._labels

    def save(self, state: Any, *, frame: int | None = None, now: bool = False) -> bool:
        """Save ``state`` at the end of the work on a frame; return whether a checkpoint was saved.

        Call it for every frame: it does nothing unless the last checkpoint is ten seconds old.

        Args:
            state: plain values and NumPy arrays, or a function without arguments that returns them.
            frame: last frame that is dealt with. By default it is the last one that was read of the video.
            now: whether to save at once.

        Raises:
            TypeError: the state has other values.
        """
        if self._store is None or (time.monotonic() < self._due_at and not now):
            return False
        is_saved = self._save(self._store, state() if callable(state) else state, frame)
        self._due_at = time.monotonic() + (self._interval if is_saved else AFTER_FAILURE_SECONDS)
        return is_saved

    def _save(self, store: CheckpointStore, state: Any, frame: int | None) -> bool:
        frames = {name: frame or position() for name, position in self._positions.items()}
        content = {"state": state, "frames": frames, "warnings": self._warnings(), "labels": self._labels_of_video()}
        if self._measures is not None:
            content["measures"] = self._measures()
        encoded = encode(content)
        if len(encoded) > store.limit_bytes:
            logger.warning("no checkpoint: it has %d bytes; %d are allowed", len(encoded), store.limit_bytes)
            return False
        if self._labels is not None and not self._partial.flush():
            logger.warning("no checkpoint: the platform does not have the labels before it")
            return False
        return store.save(encoded, self._partial.parts)

    def _labels_of_video(self) -> dict[str, Any]:
        labels = self._labels
        if labels is None:
            return {}
        if isinstance(labels, VideoLabelsWriter):
            labels.end_frame()
            self._partial.add_events(labels.events)
        else:
            self._partial.add_labels(labels)
        whole = VideoLabels(events=labels.events, attributes=labels.attributes)
        return {**whole.to_json()}

    # The rest is called by the SDK.

    def position(self, video: str) -> int:
        """Return the number of the last frame of the input ``video`` before the checkpoint; 0 without one."""
        return int(self._saved.content["frames"].get(video, 0)) if self._saved else 0

    def follow(self, video: str, position: Callable[[], int]) -> None:
        """Save the number of the last frame of the input ``video`` with each checkpoint."""
        self._positions[video] = position

    def follow_warnings(self, warnings: Callable[[], list[str]]) -> list[str]:
        """Save ``warnings`` with each checkpoint, and return those before it."""
        self._warnings = warnings
        return [*self._saved.content["warnings"]] if self._saved else []

    @property
    def measures(self) -> bytes:
        """Measures of a part of a split job before the checkpoint; empty without one."""
        return self._saved.content.get("measures", b"") if self._saved else b""

    def follow_measures(self, measures: Callable[[], bytes]) -> None:
        """Save ``measures`` of a part of a split job with each checkpoint."""
        self._measures = measures

    def follow_labels(self, labels: VideoLabelsWriter) -> None:
        """Save ``labels`` with each checkpoint, and write those before it."""
        self._labels = labels
        for number, frame in self.saved_frames():
            labels.restore_frame(number, frame)
        self._restore(labels)

    def saved_frames(self) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
        """Yield the frames that were labelled before the checkpoint, in order."""
        return self._saved.frames() if self._saved else iter(())

    def _restore(self, labels: VideoLabels | VideoLabelsWriter) -> None:
        if self._saved is None:
            return
        whole = VideoLabels.from_json(self._saved.content["labels"])
        labels.events, labels.attributes = whole.events, whole.attributes
        last_frame = max(labels.frames, default=0) if isinstance(labels, VideoLabels) else 0
        self._partial.go_on(last_frame, len(whole.events))
