"""Tracker: number the objects that a detector finds in one frame after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any  # plain values of any shape

import numpy as np

from voxel51.labels.media.frame import Pixels
from voxel51.platform.object_state import restored, state_of
from voxel51.platform.tracking.appearance import LearnedLook, Looks
from voxel51.platform.tracking.assignment import require_scipy
from voxel51.platform.tracking.box_tracker import BoxTracker
from voxel51.platform.tracking.detections import Detections
from voxel51.platform.tracking.kalman_filter import BoxKalmanFilter
from voxel51.platform.tracking.track import Observation, Track

PixelBox = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True, slots=True)
class Detection:
    """Object that a detector found in one frame.

    Attributes:
        label: class of the object, such as ``car``.
        box: its box.
        confidence: in [0, 1].
    """

    label: str
    box: PixelBox
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class TrackedDetection:
    """Detection with the track to which it belongs.

    Attributes:
        number: number of the track, from 1; the same for one object in all frames, and never reused.
        label: most likely class of the track so far, which may differ from that of the detection.
        detection: the detection that was given to the tracker.
    """

    number: int
    label: str
    detection: Detection

    @property
    def box(self) -> PixelBox:
        """Box of the detection."""
        return self.detection.box

    @property
    def confidence(self) -> float:
        """Confidence of the detection."""
        return self.detection.confidence


class Tracker:
    """Multi-object tracker for the detections of one video.

    It follows objects through short occlusions, by their motion and, if `update` gets the images, by their colours.

    Args:
        sure_confidence: least confidence of a detection that starts a track; others only continue one.
        max_hidden_seconds: time for which an object may be hidden and keep its number. With images, an object of the
            same colours is found again nearby for two thirds longer.
        frame_rate: frames per second of the video, as in ``video.metadata.frame_rate``.

    Raises:
        ModuleNotFoundError: scipy is not installed; the text names the extra that brings it.
    """

    def __init__(
        self, *, sure_confidence: float = 0.5, max_hidden_seconds: float = 1.2, frame_rate: float | None = None
    ) -> None:
        require_scipy()
        self._rate = frame_rate or 25.0
        max_hidden = max(1, round(max_hidden_seconds * self._rate))
        self._tracker = BoxTracker(sure_confidence, max_hidden, round(max_hidden * 5 / 3), self._rate)
        self._labels: list[str] = []  # the positions are the classes of the box tracker
        self._time = -np.inf
        self._frame_number = 0

    def update(
        self, detections: Iterable[Detection], time: float, image: Pixels | None = None
    ) -> list[TrackedDetection]:
        """Return the detections that belong to a track, in the order of the tracks' numbers.

        A detection that is not sure and continues no track is left out.

        Args:
            detections: all that were found in the frame.
            time: time of the frame in seconds, as in ``frame.time``; later than that of the last call.
            image: the frame (BGR, uint8 [H, W, 3]) in whose pixels the boxes are; None to track by motion alone.

        Raises:
            ValueError: ``time`` is not later than that of the last call.
        """
        self._advance(time)
        given = list(detections)
        found = self._arrays(given)
        looks = None if image is None else Looks.of(image, found.boxes)
        tracks = self._tracker.step(self._frame_number, found, looks)
        positions = _positions(found, tracks)
        return [
            TrackedDetection(track.number, self._labels[track.class_index], given[position])
            for track, position in zip(tracks, positions, strict=True)
        ]

    def forget(self) -> None:
        """End all tracks, as after a cut: the next frame shows other objects."""
        self._tracker.forget()

    def state(self) -> dict[str, Any]:
        """Return the tracks so far as plain values and arrays, for `voxel51.platform.Checkpoint.save`."""
        return state_of(self, _CLASSES)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with the tracks that a tracker with the same arguments had."""
        restored(self, state, _CLASSES)

    def _advance(self, time: float) -> None:
        if time <= self._time:
            raise ValueError(f"the time of a frame must be later than that of the last one: {time:g} <= {self._time:g}")
        self._time = time
        # Each call is a frame of its own, also in videos whose frame rate is higher than declared.
        self._frame_number = max(self._frame_number + 1, round(time * self._rate))

    def _arrays(self, given: Sequence[Detection]) -> Detections:
        return Detections(
            np.array([each.box for each in given], np.float32).reshape(-1, 4),
            np.array([each.confidence for each in given], np.float32),
            np.array([self._class_of(each.label) for each in given], np.int64),
        )

    def _class_of(self, label: str) -> int:
        if label not in self._labels:
            self._labels.append(label)
        return self._labels.index(label)


_CLASSES = (BoxTracker, Track, Observation, BoxKalmanFilter, LearnedLook)


def _positions(found: Detections, tracks: Sequence[Track]) -> list[int]:
    """Return which detection each track was observed in. Equal detections are each taken once."""
    left: dict[tuple[bytes, float], list[int]] = {}
    for position in range(len(found)):
        left.setdefault((found.boxes[position].tobytes(), float(found.scores[position])), []).append(position)
    return [left[track.last.box.tobytes(), track.last.score].pop(0) for track in tracks]
