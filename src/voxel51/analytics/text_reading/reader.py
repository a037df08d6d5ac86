"""The reader: PP-OCRv6 by RapidOCR (https://github.com/RapidAI/RapidOCR) and ONNX Runtime.

Weights come with the package. Sessions are made here, of those files, so RapidOCR never gets to where it would download
any.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxel51.analytics.sessions import create_session
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.frame import Pixels

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"

LONGEST_SIDE = 640
"""Text is looked for in pictures with sides of at most so many pixels; it is read in full size. In larger ones the
detector finds less, not more: drawn letters 12 pixels high in one of 1920 are found at 640 and missed from 960 on.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of text in one picture.

    Attributes:
        text: as it was read, without spaces around it.
        score: how sure the recogniser is, 0 to 1, on the mean over its characters.
        box: the upright box around it, as shares of the picture.
    """

    text: str
    score: float
    box: BoundingBox


class TextReader:
    """Reads pictures of any size, one a call.

    Attributes:
        weights: file name -> SHA-256 of the models that it reads with.
    """

    def __init__(self) -> None:
        # They start threads, so not before a job's own process.
        from omegaconf import flag_override  # noqa: PLC0415
        from rapidocr.main import RapidOCR, root_dir  # noqa: PLC0415

        parameters = {
            "Global.use_cls": False,  # text upside down is rare in videos, and its finder errs more often than that
            "Global.use_preprocess_img": False,  # it refuses thin pictures, and shrinks what is to be read
            "Global.log_level": "critical",
            "Det.limit_type": "max",
            "Det.limit_side_len": LONGEST_SIDE,
        }
        self._engine: Any = RapidOCR(params=parameters)
        self.weights: dict[str, str] = {}
        with flag_override(self._engine.cfg, "allow_objects", True):
            for part, name in (("Det", DETECTOR), ("Rec", RECOGNISER)):
                self._engine.cfg[part].session = self._session(Path(root_dir) / "models" / name)

    def read(self, image: Pixels, least_score: float) -> Iterator[Reading]:
        """The lines of text in ``image`` (BGR, uint8 [H, W, 3]) with a score of at least ``least_score``."""
        height, width = image.shape[:2]
        found = self._engine(image, text_score=least_score)
        if found.txts is None:
            return
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
            box = BoundingBox.clipped(left / width, top / height, right / width, bottom / height)
            if box is not None:
                yield Reading(text.strip(), round(float(score), 3), box)

    def _session(self, path: Path) -> Any:
        model = path.read_bytes()
        self.weights[path.name] = hashlib.sha256(model).hexdigest()
        return create_session(model)
