"""State of a video tracker between two frames, as checkpoints save it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self  # plain values of any shape

from voxel51.analytics.tracking.interpolation import TrackedBox, TrackInterpolator
from voxel51.analytics.tracking.stationary import Evidence, StationaryFilter
from voxel51.platform.object_state import restored, state_of
from voxel51.platform.selection import Sampler
from voxel51.platform.tracking.appearance import LearnedLook
from voxel51.platform.tracking.box_tracker import BoxTracker
from voxel51.platform.tracking.detections import Detections
from voxel51.platform.tracking.kalman_filter import BoxKalmanFilter
from voxel51.platform.tracking.track import Observation, Track

CLASSES = (
    BoxTracker, Track, Observation, BoxKalmanFilter, LearnedLook, TrackInterpolator, TrackedBox, StationaryFilter,
    Evidence, Sampler, Detections,
)  # fmt: skip
"""Classes whose objects a state may have."""


@dataclass
class TrackerState:
    """State after a frame.

    Attributes:
        tracker, interpolator: the tracks, and the frames that are not final yet.
        sampler: decides which frames are analysed.
        numbers: of the tracks so far.
        frame_number: number of the frame; 0 at the beginning.
        first_frame: number of the first frame that the job selects; 0 before it was read.
        starts_shot: whether the next frame is the first one of a shot.
        place: number of frames so far that may be looked at.
        shot_start: time from which the detector of cuts counts.
        last_found: detections in the frame; None at the beginning of a shot.
    """

    tracker: BoxTracker
    interpolator: TrackInterpolator
    sampler: Sampler
    numbers: set[int] = field(default_factory=set)
    frame_number: int = 0
    first_frame: int = 0
    starts_shot: bool = True
    place: int = 0
    shot_start: float | None = None
    last_found: Detections | None = None

    def plain(self) -> dict[str, Any]:
        """Return the state as plain values and arrays."""
        return state_of(self, CLASSES)

    def restored(self, saved: Mapping[str, Any] | None) -> Self:
        """Return this state with the values of a saved one, if any."""
        return restored(self, saved, CLASSES)
