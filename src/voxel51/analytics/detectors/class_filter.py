"""A detector as the follower wants it: for frames of one size, and for some of its classes."""

import difflib
from collections.abc import Sequence

import numpy as np

from voxel51.analytics.detectors.detections import Detections, Detector
from voxel51.labels.media.frame import Frame
from voxel51.platform.errors import InvalidInput


class SelectedClassesDetector:
    """Finds what is ``wanted`` of a detector's classes; see `FrameDetector`."""

    def __init__(
        self,
        detector: Detector,
        names: Sequence[str],
        frame_size: tuple[int, int],
        least_score: float,
        wanted: Sequence[str] = (),
    ) -> None:
        """For frames of ``frame_size``; nothing wanted is all of it.

        Raises:
            InvalidInput: something is wanted that the detector does not know.
        """
        self.names = names
        self.picture_size = detector.fitting(frame_size)
        self._detector = detector
        self._least_score = least_score
        self._wanted = np.array(_positions(wanted, names), np.int64)

    def find(self, frame: Frame) -> Detections:
        """What is in ``frame``."""
        found = self._detector.detect(frame.small(*self.picture_size), self._least_score)
        return found.chosen(np.isin(found.classes, self._wanted)) if len(self._wanted) else found

    def start_shot(self) -> None:
        """Frames are looked at one by one, so there is nothing to forget."""


def _positions(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names[:100])}"
            raise InvalidInput(f"{name!r} is nothing that the detector knows; {advice}")
    return [names.index(name) for name in wanted]
