"""Original SDK: read the frames of a video as images, and write their labels as the labels of the video.

An image-to-video analytic needs nothing else: the platform extracts the frames before it starts, without a network, and
takes the labels when it has ended.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voxel51.labels.extras import extra
from voxel51.labels.files import write_document
from voxel51.platform.rotated_log import log_to_file
from voxel51.platform.serializable import plain
from voxel51.wire.documents import JsonObject

if TYPE_CHECKING:
    from voxel51.labels.media.frame import Pixels

TASK_LOGFILE_PATH = "/var/log/image.log"
IMAGE_TO_VIDEO_FRAMES_DIR = "/shared/user/inputs/frames"
IMAGE_TO_VIDEO_LABELS_PATH = "/shared/user/outputs/labels.json"

_FRAME = re.compile(r"(\d+)\.\w+")


class Predictions:
    """Labels of the frames of one video."""

    def __init__(self) -> None:
        self._frames: dict[int, JsonObject] = {}

    def add(self, frame_number: int, image_labels: Any) -> None:
        """Set the labels of a frame: ``ImageLabels`` of this project or of the library ETA, or their dictionary.

        Raises:
            TypeError: ``image_labels`` is none of these.
            ValueError: ``frame_number`` is below 1.
        """
        labels = plain(image_labels)
        if not isinstance(labels, Mapping):
            raise TypeError(
                f"labels of frame {frame_number} are {type(image_labels).__name__}; ImageLabels are expected"
            )
        if frame_number < 1:
            raise ValueError(f"the frame number is {frame_number}; frames are numbered from 1")
        of_image_files = {"filename", "metadata"}
        kept = {key: value for key, value in labels.items() if key not in of_image_files and not key.startswith("_")}
        self._frames[int(frame_number)] = {**kept, "frame_number": int(frame_number)}

    def to_json(self) -> JsonObject:
        """Return the labels of the video; an empty object without predictions."""
        frames = {str(number): labels for number, labels in sorted(self._frames.items())}
        return {"frames": frames} if frames else {}


def setup_logging() -> None:
    """Write all logging of this process to `TASK_LOGFILE_PATH`, after what is there."""
    log_to_file(TASK_LOGFILE_PATH, rotate=False)


def read_images() -> "Iterator[tuple[int, Pixels]]":
    """Yield the number and the pixels of every frame in order: RGB, uint8 [H, W, 3]. Numbers start at 1, and may have
    gaps.

    Raises:
        ModuleNotFoundError: the extra ``labels`` is not installed.
        ValueError: a frame is not an image.
    """
    with extra("labels"):
        from voxel51.labels.media.still_images import read_image  # noqa: PLC0415  (needs the extra)

    for number, path in sorted(_frames_in(Path(IMAGE_TO_VIDEO_FRAMES_DIR))):
        yield number, read_image(path)


def write_predictions(predictions: Predictions) -> None:
    """Write the labels to `IMAGE_TO_VIDEO_LABELS_PATH`, completely or not at all."""
    path = Path(IMAGE_TO_VIDEO_LABELS_PATH)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_document(predictions.to_json(), path)


def _frames_in(folder: Path) -> list[tuple[int, Path]]:
    found = ((_FRAME.fullmatch(path.name), path) for path in folder.iterdir())
    return [(int(match[1]), path) for match, path in found if match]
