"""Detection in the frames of one video, of selected classes."""

import difflib
from collections.abc import Sequence

import numpy as np

from voxel51.analytics.detectors.detector import Detector
from voxel51.labels.media.frame import Pixels
from voxel51.platform.errors import InvalidInput
from voxel51.platform.tracking.detections import Detections


class SelectedClassesDetector:
    """Detects all classes of a detector, of which some are ``wanted``; implements `FrameDetector`.

    A tracker gets detections of all classes and leaves out tracks of the others: a van that is a truck in some frames
    is one track.

    Attributes:
        names, picture_size, remembers: see `FrameDetector`.
        wanted: positions of the wanted classes; None for all.
    """

    remembers = False

    def __init__(
        self,
        detector: Detector,
        names: Sequence[str],
        frame_size: tuple[int, int],
        least_score: float,
        wanted: Sequence[str] = (),
    ) -> None:
        """Prepare for frames of ``frame_size``; without ``wanted``, all classes are.

        Raises:
            InvalidInput: the detector has no class with a wanted name.
        """
        self.names = names
        self.picture_size = detector.fitting(frame_size)
        self._detector = detector
        self._least_score = least_score
        self.wanted = frozenset(_positions(wanted, names)) if wanted else None

    def find(self, picture: Pixels) -> Detections:
        """Return the detections in a frame of ``picture_size``, of all classes."""
        return self._detector.detect(picture, self._least_score)

    def find_wanted(self, picture: Pixels) -> Detections:
        """Return the detections of wanted classes in a frame of ``picture_size``."""
        found = self.find(picture)
        return found if self.wanted is None else found.chosen(np.isin(found.classes, [*self.wanted]))

    def start_shot(self) -> None:
        """Do nothing: frames are processed independently."""


def _positions(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"its classes are {', '.join(names[:100])}"
            raise InvalidInput(f"{name!r} is not a class of the detector; {advice}")
    return [names.index(name) for name in wanted]
