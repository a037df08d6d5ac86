"""Text reader: PP-OCRv6 by RapidOCR (https://github.com/RapidAI/RapidOCR) on ONNX Runtime.

Weights are part of the package. Sessions are created here from those files, so RapidOCR never downloads any.
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
"""Text is detected in images with sides of at most this many pixels, and recognised at full size.

In larger images the detector finds less: letters 12 pixels high in an image of 1920 are found at 640 and missed from
960 on.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of text in one image.

    Attributes:
        text: recognised text, without surrounding spaces.
        score: confidence of the recogniser, 0 to 1, mean over the characters.
        box: upright box around the text, in relative coordinates.
    """

    text: str
    score: float
    box: BoundingBox


class TextReader:
    """Reader for images of any size, one image per call.

    Attributes:
        weights: file name -> SHA-256 of its models.
    """

    def __init__(self) -> None:
        # They start threads, so not before a job's own process.
        from omegaconf import flag_override  # noqa: PLC0415
        from rapidocr.main import RapidOCR, root_dir  # noqa: PLC0415

        parameters = {
            "Global.use_cls": False,  # upside-down text is rare in videos, and its classifier errs more often
            "Global.use_preprocess_img": False,  # it rejects thin images, and shrinks the text
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
        """Yield the lines of text in ``image`` (BGR, uint8 [H, W, 3]) with a score of at least ``least_score``."""
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
