"""Conversion to the formats of other tools: the table of formats, and one function for all of them."""

import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.labels.formats import coco, cvat, mot, tables, voc, yolo
from voxel51.labels.video_base import VideoLabelsBase


@dataclass(frozen=True, slots=True)
class Format:
    """Format that other tools read.

    Attributes:
        write: writes labels to a path, which is a new file, or with ``makes_folder`` an empty folder.
        suffix: suffix of the file; with ``makes_folder`` that of the archive which the folder may become.
        read_by: tools that read the format.
        numbers_classes: whether the format has numbers for classes; ``write`` then takes a list of classes as well.
    """

    write: Callable[..., None]  # (labels, path), and with `numbers_classes` a list of classes or None
    suffix: str
    read_by: str
    makes_folder: bool = False
    numbers_classes: bool = False


FORMATS: Mapping[str, Format] = {
    "native": Format(VideoLabelsBase.to_file, ".json", "this library, ETA, FiftyOne"),
    "coco": Format(
        coco.write, ".json", "pycocotools, FiftyOne, supervision, CVAT, Label Studio, Roboflow", numbers_classes=True
    ),
    "yolo": Format(yolo.write, ".zip", "Ultralytics, supervision, CVAT", makes_folder=True, numbers_classes=True),
    "mot": Format(mot.write, ".zip", "py-motmetrics, TrackEval, CVAT", makes_folder=True, numbers_classes=True),
    "cvat": Format(cvat.write, ".xml", "CVAT (for video 1.1), FiftyOne, Datumaro"),
    "voc": Format(voc.write, ".zip", "tools for Pascal VOC", makes_folder=True),
    "csv": Format(tables.write_csv, ".csv", "spreadsheets, pandas, polars, DuckDB"),
    "parquet": Format(tables.write_parquet, ".parquet", "pandas, polars, DuckDB, Spark"),
}
"""Formats by name, as in ``?format=``."""


def convert(labels: VideoLabelsBase | Path, name: str, output: Path, classes: Sequence[str] | None = None) -> None:
    """Write ``labels`` (or those in a native file) to ``output`` in the format ``name``, atomically.

    A format with several files becomes a folder, or an archive if ``output`` ends with ``.zip``. ``classes`` fixes the
    numbers of classes in coco, yolo and mot; by default they are those of COCO and of MOT Challenge.

    Raises:
        ValueError: the format is unknown, or needs data that the labels do not have; or a label is not in ``classes``.
        FileExistsError: ``output`` exists.
        InvalidLabels: the native file holds no labels of a video.
        ModuleNotFoundError: the format needs a library that is not installed; the text names it.
    """
    chosen = FORMATS.get(name)
    if chosen is None:
        raise ValueError(f"unknown format {name!r}. Formats: {', '.join(FORMATS)}")
    if classes is not None and not chosen.numbers_classes:
        numbering = ", ".join(each for each, known in FORMATS.items() if known.numbers_classes)
        raise ValueError(f"the format {name!r} has no numbers for classes. A list of classes is for: {numbering}")
    if output.exists():
        raise FileExistsError(f"{str(output)!r} exists already; choose another path, or remove it first")
    known = labels if isinstance(labels, VideoLabelsBase) else VideoLabelsBase.from_file(labels)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".converting-") as scratch:
        piece = Path(scratch) / "piece"
        if chosen.makes_folder:
            piece.mkdir()
        if chosen.numbers_classes:
            chosen.write(known, piece, classes)
        else:
            chosen.write(known, piece)
        if chosen.makes_folder and output.suffix == ".zip":
            piece = _archived(piece, Path(scratch) / "archive")
        piece.rename(output)


def _archived(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
    return archive
