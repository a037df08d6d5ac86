"""Renderers: one function per kind of rendition."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from voxel51.analytics.rendition.budget import check_budget
from voxel51.labels.chart_files import write_job_chart, write_set_chart
from voxel51.labels.charts import charts_of
from voxel51.labels.compare import compare
from voxel51.labels.contact_sheet import contact_sheet
from voxel51.labels.datasets.export import DatasetWriter
from voxel51.labels.datasets.videos import DatasetVideo
from voxel51.labels.draw import annotated_frame, annotated_video
from voxel51.labels.evaluate import evaluate_against
from voxel51.labels.field_types import JsonValue
from voxel51.labels.formats import FORMATS, convert
from voxel51.labels.label_table import read_table
from voxel51.labels.media import ProgressCallback, still_images
from voxel51.labels.media.frame import Pixels
from voxel51.labels.media.frame_index import frame_index
from voxel51.labels.media.media_facts import media_facts
from voxel51.labels.media.playable import VideoRange, playable_video
from voxel51.labels.readers import read_labels
from voxel51.labels.video import VideoLabels
from voxel51.wire.datasets import DatasetVideoSource, checked_definition


@dataclass(frozen=True, slots=True)
class RenditionTask:
    """Inputs and arguments of one rendition.

    Attributes:
        inputs: ``video``, ``labels``, ``others`` -> local path, those that the kind needs.
        arguments: arguments that the platform has checked.
        folder: an empty folder for the result.
        progress: callback for progress.
        dataset: ``name``, ``definition`` and ``videos`` of a dataset, see `DatasetVideoSource`.
        tables: ``videos`` and ``jobs`` for SQL, and ``files``: job id -> name of the input with its labels.
    """

    inputs: Mapping[str, Path]
    arguments: Mapping[str, JsonValue]
    folder: Path
    progress: ProgressCallback
    dataset: Mapping[str, JsonValue] = field(default_factory=dict)
    tables: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def video(self) -> Path:
        """Path of the video."""
        return self.inputs["video"]

    @property
    def labels(self) -> VideoLabels:
        """The labels."""
        return VideoLabels.from_file(self.inputs["labels"])

    @property
    def others(self) -> VideoLabels:
        """The labels to compare with, in any supported format."""
        known = self.labels.metadata
        return read_labels(self.inputs["others"], known.frame_size if known else None)


def _playable(task: RenditionTask) -> Path:
    output = task.folder / "playable.mp4"
    playable_video(task.video, output, task.arguments["height"], progress=task.progress)
    return output


def _clip(task: RenditionTask) -> Path:
    output = task.folder / "clip.mp4"
    playable_video(task.video, output, video_range=VideoRange(**task.arguments), progress=task.progress)
    return output


def _index(task: RenditionTask) -> Path:
    return _written(task.folder, frame_index(task.video, task.progress))


def _facts(task: RenditionTask) -> Path:
    return _written(task.folder, media_facts(task.video))


def _poster(task: RenditionTask) -> Path:
    return _saved(task, still_images.poster(task.video), task.arguments["width"])


def _thumbnails(task: RenditionTask) -> Path:
    given = task.arguments
    return _saved(task, still_images.thumbnails(task.video, given["count"], given["width"], task.progress), None)


def _frame(task: RenditionTask) -> Path:
    given = task.arguments
    which = given.get("number"), given.get("time")
    if "labels" in task.inputs:
        image = annotated_frame(task.video, task.labels, *which)
    else:
        image = still_images.frame_at(task.video, *which).image()
    return _saved(task, image, given.get("width"), f".{given['image']}")


def _annotated(task: RenditionTask) -> Path:
    output = task.folder / "annotated.mp4"
    annotated_video(task.video, task.labels, output, task.progress)
    return output


def _sheet(task: RenditionTask) -> Path:
    output = task.folder / "sheet.jpg"
    contact_sheet(task.video, task.labels, output)
    return output


def _labels(task: RenditionTask) -> Path:
    name = task.arguments["format"]
    output = task.folder / f"labels{FORMATS[name].suffix}"
    convert(task.labels, name, output)
    return output


def _evaluation(task: RenditionTask) -> Path:
    result = evaluate_against(task.labels, task.others, task.arguments["overlap"])
    return _written(task.folder, asdict(result))


def _comparison(task: RenditionTask) -> Path:
    first, second = (read_table(task.inputs[name]) for name in ("labels", "others"))
    return _written(task.folder, asdict(compare(first, second, task.arguments["overlap"])))


def _archive(task: RenditionTask) -> Path:
    output = task.folder / "dataset.zip"
    _dataset_writer(task).write(output, task.progress)
    return output


def _estimate(task: RenditionTask) -> Path:
    return _written(task.folder, {**_dataset_writer(task).estimate(task.folder)})


def _sql(task: RenditionTask) -> Path:
    from voxel51.labels.sql.query import LabelTables, run_query  # noqa: PLC0415  (100 ms that only queries need)

    is_picture = task.arguments["format"] == "png"
    output = task.folder / f"result.{'json' if is_picture else task.arguments['format']}"
    files = {job_id: task.inputs[name] for job_id, name in task.tables["files"].items()}
    tables = LabelTables(task.tables["videos"], task.tables["jobs"], files)
    run_query(task.arguments["sql"], tables, output, task.folder)
    if is_picture:
        found = json.loads(output.read_bytes())
        names = [column["name"] for column in found["columns"]]
        rows = [dict(zip(names, row, strict=True)) for row in found["rows"]]
        output = task.folder / "chart.png"
        write_set_chart(task.arguments["chart"], rows, output, task.arguments["theme"])
    return output


def _dataset_writer(task: RenditionTask) -> DatasetWriter:
    sources: list[DatasetVideoSource] = task.dataset["videos"]
    videos = [
        DatasetVideo(
            key=source["key"],
            filename=source["name"],
            labels=[task.inputs[name] for name in source["labels"]],
            video=None if source["video"] is None else task.inputs[source["video"]],
            job_ids=source["job_ids"],
        )
        for source in sources
    ]
    return DatasetWriter(task.dataset["name"], videos, checked_definition(task.dataset["definition"]), check_budget)


def _charts(task: RenditionTask) -> Path:
    given = task.arguments
    zone, line = (_points(given.get(name)) for name in ("zone", "line"))
    charts = charts_of(read_table(task.inputs["labels"]), zone, line)
    if given["format"] == "json":
        return _written(task.folder, asdict(charts))
    output = task.folder / f"chart.{given['format']}"
    write_job_chart(charts, given["chart"], output, given["theme"])
    return output


def _points(text: str | None) -> list[tuple[float, float]] | None:
    """Return the points of an argument such as ``0.1,0.2;0.3,0.4``, which the platform has checked."""
    if text is None:
        return None
    pairs = (point.split(",") for point in text.split(";"))
    return [(float(x), float(y)) for x, y in pairs]


RENDERERS: Mapping[str, Callable[[RenditionTask], Path]] = {
    "playable": _playable,
    "clip": _clip,
    "index": _index,
    "facts": _facts,
    "poster": _poster,
    "thumbnails": _thumbnails,
    "frame": _frame,
    "annotated": _annotated,
    "sheet": _sheet,
    "labels": _labels,
    "evaluation": _evaluation,
    "comparison": _comparison,
    "archive": _archive,
    "estimate": _estimate,
    "sql": _sql,
    "charts": _charts,
}
"""Functions by kind of rendition; each returns the path of its result."""


def _saved(task: RenditionTask, image: Pixels, width: int | None, suffix: str = ".jpg") -> Path:
    output = task.folder / f"picture{suffix}"
    still_images.save(still_images.shrunk(image, width), output)
    return output


def _written(folder: Path, document: Mapping[str, JsonValue]) -> Path:
    output = folder / "document.json"
    output.write_text(json.dumps(document), encoding="utf-8")
    return output
