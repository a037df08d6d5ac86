"""Multi-object tracking: number the objects that a detector finds in one frame after the other.

- `tracker`: `Tracker`, for detections of any detector
- `detections`: detections of one image as arrays
- `box_tracker`, `kalman_filter`, `appearance`, `assignment`: assign the boxes of a frame to the tracks of earlier ones
"""

from voxel51.platform.tracking.tracker import Detection, TrackedDetection, Tracker

__all__ = ["Detection", "TrackedDetection", "Tracker"]
