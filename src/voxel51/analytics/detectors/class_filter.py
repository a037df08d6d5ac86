"""Detection in the frames of one video, restricted to selected classes."""

import difflib
from collections.abc import Sequence

import numpy as np

from voxel51.analytics.detectors.detections import Detections, Detector
from voxel51.labels.media.frame import Frame
from voxel51.platform.errors import InvalidInput


class SelectedClassesDetector:
    """Detects the ``wanted`` classes of a detector; implements `FrameDetector`."""

    def __init__(
        self,
        detector: Detector,
        names: Sequence[str],
        frame_size: tuple[int, int],
        least_score: float,
        wanted: Sequence[str] = (),
    ) -> None:
        """Prepare for frames of ``frame_size``; without ``wanted``, all classes are detected.

        Raises:
            InvalidInput: the detector has no class with a wanted name.
        """
        self.names = names
        self.picture_size = detector.fitting(frame_size)
        self._detector = detector
        self._least_score = least_score
        self._wanted = np.array(_positions(wanted, names), np.int64)

    def find(self, frame: Frame) -> Detections:
        """Return the detections in ``frame``."""
        found = self._detector.detect(frame.small(*self.picture_size), self._least_score)
        return found.chosen(np.isin(found.classes, self._wanted)) if len(self._wanted) else found

    def start_shot(self) -> None:
        """Do nothing: frames are processed independently."""


def _positions(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"its classes are {', '.join(names[:100])}"
            raise InvalidInput(f"{name!r} is not a class of the detector; {advice}")
    return [names.index(name) for name in wanted]
