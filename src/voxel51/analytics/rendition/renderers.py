"""How each kind of rendition is made."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from voxel51.labels.compare import compare
from voxel51.labels.contact_sheet import contact_sheet
from voxel51.labels.draw import annotated_frame, annotated_video
from voxel51.labels.evaluate import evaluate
from voxel51.labels.formats import FORMATS, convert
from voxel51.labels.media import ProgressCallback, still_images
from voxel51.labels.media.frame import Pixels
from voxel51.labels.media.frame_index import frame_index
from voxel51.labels.media.playable import VideoRange, playable_video
from voxel51.labels.readers import read_labels
from voxel51.labels.video import VideoLabels


@dataclass(frozen=True, slots=True)
class RenditionTask:
    """What one rendition is made of.

    Attributes:
        inputs: ``video``, ``labels``, ``others`` -> local path, those that the kind needs.
        arguments: as the platform checked them.
        folder: an empty one, to make it in.
        progress: to be told how far it is.
    """

    inputs: Mapping[str, Path]
    arguments: Mapping[str, Any]
    folder: Path
    progress: ProgressCallback

    @property
    def video(self) -> Path:
        """The video's path."""
        return self.inputs["video"]

    @property
    def labels(self) -> VideoLabels:
        """The labels."""
        return VideoLabels.from_file(self.inputs["labels"])

    @property
    def others(self) -> VideoLabels:
        """The labels to compare with, whichever tool wrote them."""
        known = self.labels.metadata
        return read_labels(self.inputs["others"], known.frame_size if known else None)


def _playable(making: RenditionTask) -> Path:
    output = making.folder / "playable.mp4"
    playable_video(making.video, output, making.arguments["height"], progress=making.progress)
    return output


def _clip(making: RenditionTask) -> Path:
    output = making.folder / "clip.mp4"
    playable_video(making.video, output, video_range=VideoRange(**making.arguments), progress=making.progress)
    return output


def _index(making: RenditionTask) -> Path:
    return _written(making.folder, frame_index(making.video, making.progress))


def _poster(making: RenditionTask) -> Path:
    return _saved(making, still_images.poster(making.video), making.arguments["width"])


def _thumbnails(making: RenditionTask) -> Path:
    given = making.arguments
    return _saved(making, still_images.thumbnails(making.video, given["count"], given["width"], making.progress), None)


def _frame(making: RenditionTask) -> Path:
    given = making.arguments
    which = given.get("number"), given.get("time")
    if "labels" in making.inputs:
        image = annotated_frame(making.video, making.labels, *which)
    else:
        image = still_images.frame_at(making.video, *which).image()
    return _saved(making, image, given.get("width"), f".{given['image']}")


def _annotated(making: RenditionTask) -> Path:
    output = making.folder / "annotated.mp4"
    annotated_video(making.video, making.labels, output, making.progress)
    return output


def _sheet(making: RenditionTask) -> Path:
    output = making.folder / "sheet.jpg"
    contact_sheet(making.video, making.labels, output)
    return output


def _labels(making: RenditionTask) -> Path:
    name = making.arguments["format"]
    output = making.folder / f"labels{FORMATS[name].suffix}"
    convert(making.labels, name, output)
    return output


def _evaluation(making: RenditionTask) -> Path:
    result = evaluate(making.labels, making.others, overlap=making.arguments["overlap"])
    return _written(making.folder, asdict(result))


def _comparison(making: RenditionTask) -> Path:
    result = compare(making.labels, making.others, making.arguments["overlap"])
    return _written(making.folder, asdict(result))


RENDERERS: Mapping[str, Callable[[RenditionTask], Path]] = {
    "playable": _playable,
    "clip": _clip,
    "index": _index,
    "poster": _poster,
    "thumbnails": _thumbnails,
    "frame": _frame,
    "annotated": _annotated,
    "sheet": _sheet,
    "labels": _labels,
    "evaluation": _evaluation,
    "comparison": _comparison,
}
"""By kind; each returns the path of what it made."""


def _saved(making: RenditionTask, image: Pixels, width: int | None, suffix: str = ".jpg") -> Path:
    output = making.folder / f"picture{suffix}"
    still_images.save(still_images.shrunk(image, width), output)
    return output


def _written(folder: Path, document: Mapping[str, Any]) -> Path:
    output = folder / "document.json"
    output.write_text(json.dumps(document), encoding="utf-8")
    return output
