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
from voxel51.labels.media import stills
from voxel51.labels.media.pictures import Pixels
from voxel51.labels.media.playable import Part, playable_video
from voxel51.labels.media.progress import Progress
from voxel51.labels.media.times import frame_index
from voxel51.labels.readers import read_labels
from voxel51.labels.video import VideoLabels


@dataclass(frozen=True, slots=True)
class Making:
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
    progress: Progress

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


def _playable(making: Making) -> Path:
    output = making.folder / "playable.mp4"
    playable_video(making.video, output, making.arguments["height"], progress=making.progress)
    return output


def _clip(making: Making) -> Path:
    output = making.folder / "clip.mp4"
    playable_video(making.video, output, part=Part(**making.arguments), progress=making.progress)
    return output


def _index(making: Making) -> Path:
    return _written(making.folder, frame_index(making.video, making.progress))


def _poster(making: Making) -> Path:
    return _saved(making, stills.poster(making.video), making.arguments["width"])


def _thumbnails(making: Making) -> Path:
    given = making.arguments
    return _saved(making, stills.thumbnails(making.video, given["count"], given["width"], making.progress), None)


def _frame(making: Making) -> Path:
    given = making.arguments
    which = given.get("number"), given.get("time")
    if "labels" in making.inputs:
        image = annotated_frame(making.video, making.labels, *which)
    else:
        image = stills.frame_at(making.video, *which).image()
    return _saved(making, image, given.get("width"), f".{given['image']}")


def _annotated(making: Making) -> Path:
    output = making.folder / "annotated.mp4"
    annotated_video(making.video, making.labels, output, making.progress)
    return output


def _sheet(making: Making) -> Path:
    output = making.folder / "sheet.jpg"
    contact_sheet(making.video, making.labels, output)
    return output


def _labels(making: Making) -> Path:
    name = making.arguments["format"]
    output = making.folder / f"labels{FORMATS[name].suffix}"
    convert(making.labels, name, output)
    return output


def _evaluation(making: Making) -> Path:
    result = evaluate(making.labels, making.others, overlap=making.arguments["overlap"])
    return _written(making.folder, asdict(result))


def _comparison(making: Making) -> Path:
    result = compare(making.labels, making.others, making.arguments["overlap"])
    return _written(making.folder, asdict(result))


MAKERS: Mapping[str, Callable[[Making], Path]] = {
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


def _saved(making: Making, image: Pixels, width: int | None, suffix: str = ".jpg") -> Path:
    output = making.folder / f"picture{suffix}"
    stills.save(stills.shrunk(image, width), output)
    return output


def _written(folder: Path, document: Mapping[str, Any]) -> Path:
    output = folder / "document.json"
    output.write_text(json.dumps(document), encoding="utf-8")
    return output
