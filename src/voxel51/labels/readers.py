"""Readers of box annotations by other tools: COCO, MOT Challenge, CVAT for video, and the native format."""

import csv
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as Xml

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.field_types import JsonValue
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.video import VideoLabels

PEDESTRIAN = "person"
"""Label of class 1 of the MOT Challenge, unless a list of labels names it."""

_MAX_TEXT_BYTES = 64 * 1024**2
"""Largest list of boxes in an archive, unpacked: about a million boxes. An archive may unpack to a thousand times its
size.
"""

_INVALID = (
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RuntimeError,
    UnicodeDecodeError,
    Xml.ParseError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Errors of parsers that read a file of another kind, or one that was made to confuse them."""

_MOT_COLUMNS = 6

FoundBox = tuple[int, str, int | None, float | None, tuple[float, float, float, float]]
"""Frame, label, track, confidence, and (left, top, width, height) in pixels."""


def read_labels(path: Path, frame_size: tuple[int, int] | None = None) -> VideoLabels:
    """Read the labels from the file at ``path``; its content tells which tool wrote it.

    Args:
        path: a native file, COCO (``.json``; the frame is an image's ``frame_number``, else its id), CVAT for video 1.1
            (``.xml``), MOT Challenge (``gt.txt`` or ``det.txt``, or an archive with it).
        frame_size: width and height in pixels; required if the file does not contain it.

    Raises:
        InvalidLabels: the file has none of these formats.
        ValueError: the frame size is unknown.
        OSError: the file cannot be opened.
    """
    try:
        if zipfile.is_zipfile(path):
            return _of_archive(path, frame_size)
        text = path.read_text(encoding="utf-8-sig")
        if text.lstrip()[:1] == "<":
            return _of_cvat(text, frame_size)
        if text.lstrip()[:1] in {"{", "["}:
            return _of_json(path, text, frame_size)
        return _labels_of_boxes(_mot(path.name, text.splitlines(), None), frame_size)
    except InvalidLabels:
        raise
    except _INVALID as error:
        reason = f"{path.name} cannot be read as labels of any tool: {_reason(error)}"
        raise InvalidLabels([Problem("", reason)]) from None


def _reason(error: Exception) -> str:
    """Return a text for users: they know the file, and not this program."""
    match error:
        case KeyError(args=(name, *_)):
            return f"{name!r} is missing"
        case Xml.ParseError():
            return f"it is not well-formed XML ({error})"
        case UnicodeDecodeError():
            return "it is not text in UTF-8"
        case RecursionError():
            return "it is nested too deeply"
        case zipfile.BadZipFile() | zlib.error() | RuntimeError():
            return "its archive is damaged or encrypted"
        case _:
            return "a value is of another type than expected"


def _of_json(path: Path, text: str, frame_size: tuple[int, int] | None) -> VideoLabels:
    document = json.loads(text)
    if isinstance(document, dict) and "annotations" in document and "images" in document:
        sizes = {(image["width"], image["height"]) for image in document["images"] if "width" in image}
        return _labels_of_boxes(_coco(document), next(iter(sizes)) if len(sizes) == 1 else frame_size)
    return VideoLabels.from_file(path)


def _coco(document: Mapping[str, JsonValue]) -> Iterator[FoundBox]:
    names = {each["id"]: str(each["name"]) for each in document["categories"]}
    frames = {each["id"]: int(each.get("frame_number", each["id"])) for each in document["images"]}
    for each in document["annotations"]:
        left, top, width, height = (float(side) for side in each["bbox"])
        track = each.get("track_id", (each.get("attributes") or {}).get("track_id"))
        score = each.get("score")
        yield (frames[each["image_id"]], names[each["category_id"]], None if track is None else int(track),
               None if score is None else float(score), (left, top, width, height))  # fmt: skip


def _of_archive(path: Path, frame_size: tuple[int, int] | None) -> VideoLabels:
    with zipfile.ZipFile(path) as archive:
        inside = {name: info for info in archive.infolist() for name in [info.filename]}
        truths = [name for name in inside if name.endswith("gt.txt")]
        lists = truths or [name for name in inside if name.endswith("det.txt")]
        if len(lists) != 1:
            raise InvalidLabels([Problem("", f"{path.name} must contain exactly one gt.txt or det.txt")])
        size = inside[lists[0]].file_size
        if size > _MAX_TEXT_BYTES:
            text = f"{lists[0]} in {path.name} has {size} bytes; the maximum is {_MAX_TEXT_BYTES}"
            raise InvalidLabels([Problem("", text)])
        known = [name for name in inside if name.endswith("labels.txt") and inside[name].file_size < 1024**2]
        names = archive.read(known[0]).decode().splitlines() if known else None
        return _labels_of_boxes(
            _mot(path.name, archive.read(lists[0]).decode("utf-8-sig").splitlines(), names), frame_size
        )


def _mot(file: str, lines: list[str], names: list[str] | None) -> Iterator[FoundBox]:
    for number, row in enumerate(csv.reader(lines), start=1):
        if not row:
            continue
        if len(row) < _MOT_COLUMNS:
            raise InvalidLabels(
                [Problem(f"{file}, line {number}", f"a box has at least 6 numbers, got {','.join(row)[:80]!r}")]
            )
        try:
            frame, track, left, top, width, height, *rest = (float(each) for each in row)
        except ValueError:
            text = f"a box is numbers alone, got {','.join(row)[:80]!r}"
            raise InvalidLabels([Problem(f"{file}, line {number}", text)]) from None
        if rest and rest[0] == 0:  # a flag of MOT: ignore this row
            continue
        kind = int(rest[1]) if len(rest) > 1 else 1
        score = rest[0] if rest and 0 < rest[0] <= 1 else None
        # MOT counts pixels from 1.
        yield (
            int(frame),
            _mot_label(kind, names),
            int(track) if track >= 0 else None,
            score,
            (left - 1, top - 1, width, height),
        )


def _mot_label(kind: int, names: list[str] | None) -> str:
    if names is not None and 1 <= kind <= len(names):
        return names[kind - 1]
    return PEDESTRIAN if kind in {-1, 1} else f"class {kind}"


def _of_cvat(text: str, frame_size: tuple[int, int] | None) -> VideoLabels:
    root = Xml.fromstring(text)  # noqa: S314  (the parser bounds what entities grow to; outside ones are not read)
    size = root.find(".//original_size")
    if size is not None:
        frame_size = int(size.findtext("width") or 0), int(size.findtext("height") or 0)
    return _labels_of_boxes(_cvat(root), frame_size)


def _cvat(root: Xml.Element) -> Iterator[FoundBox]:
    """Yield the boxes of tracks, including those between keyframes if the file has them."""
    for track in root.iter("track"):
        for box in track.iter("box"):
            if box.get("outside") == "1":
                continue
            left, top, right, bottom = (float(box.attrib[side]) for side in ("xtl", "ytl", "xbr", "ybr"))
            yield (int(box.attrib["frame"]) + 1, track.attrib["label"], int(track.attrib["id"]), None,
                   (left, top, right - left, bottom - top))  # fmt: skip


def _labels_of_boxes(found: Iterator[FoundBox], frame_size: tuple[int, int] | None) -> VideoLabels:
    if frame_size is None or not (frame_size[0] > 0 and frame_size[1] > 0):
        raise ValueError("the file does not contain the size of the frames. Specify it.")
    wide, high = frame_size
    labels = VideoLabels()
    for frame, label, track, score, (left, top, width, height) in found:
        box = BoundingBox.clipped(left / wide, top / high, (left + width) / wide, (top + height) / high)
        if box is not None:
            detection = DetectedObject(label=label, index=track, confidence=score, bounding_box=box, frame_number=frame)
            labels.frame(frame).objects.append(detection)
    labels.frames = dict(sorted(labels.frames.items()))
    return labels
