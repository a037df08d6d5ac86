"""CVAT for video 1.1: one XML file of tracks (https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/)."""

from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as Xml

from voxel51.labels.attributes import BooleanAttribute
from voxel51.labels.formats.boxes import Box, boxes_of, frame_count, frame_size, label_names, xml_text
from voxel51.labels.video_base import VideoLabelsBase


def write(labels: VideoLabelsBase, output: Path) -> None:
    """Write every box as a keyframe of its track; frames are counted from 0. Objects without a track get a track of one
    frame.

    Raises:
        ValueError: the labels do not contain the frame size.
    """
    width, height = frame_size(labels)
    count = frame_count(labels)
    root = Xml.Element("annotations")
    Xml.SubElement(root, "version").text = "1.1"
    task = Xml.SubElement(Xml.SubElement(root, "meta"), "task")
    facts = {"name": labels.filename or "video", "size": str(count), "mode": "interpolation", "overlap": "0",
             "start_frame": "0", "stop_frame": str(max(count - 1, 0)), "source": labels.filename or ""}  # fmt: skip
    for name, text in facts.items():
        Xml.SubElement(task, name).text = xml_text(text)
    known = Xml.SubElement(task, "labels")
    for name in label_names(labels):
        Xml.SubElement(Xml.SubElement(known, "label"), "name").text = xml_text(name)
    size = Xml.SubElement(task, "original_size")
    Xml.SubElement(size, "width").text, Xml.SubElement(size, "height").text = str(width), str(height)
    for number, boxes in enumerate(_tracks(labels)):
        _add_track(root, number, boxes, count)
    Xml.indent(root)
    Xml.ElementTree(root).write(output, encoding="utf-8", xml_declaration=True)


def _tracks(labels: VideoLabelsBase) -> list[list[Box]]:
    followed: dict[tuple[int, str], list[Box]] = defaultdict(list)
    single = []
    for box in boxes_of(labels):
        if box.track is None:
            single.append([box])
        else:
            followed[box.track, box.label].append(box)
    return [*followed.values(), *single]


def _add_track(root: Xml.Element, number: int, boxes: list[Box], count: int) -> None:
    attributes = {"id": str(number), "label": xml_text(boxes[0].label), "source": "automatic"}
    track = Xml.SubElement(root, "track", attributes)
    for box, following in zip(boxes, [*boxes[1:], None], strict=True):
        _add_box(track, box, box.frame_number - 1, outside=False)
        ends = following is None or following.frame_number > box.frame_number + 1
        if ends and box.frame_number < count:
            _add_box(track, box, box.frame_number, outside=True)


def _add_box(track: Xml.Element, box: Box, frame: int, *, outside: bool) -> None:
    is_interpolated = any(
        isinstance(each, BooleanAttribute) and each.name == "interpolated" and each.value
        for each in box.detection.attributes
    )
    sides = {"xtl": box.left, "ytl": box.top, "xbr": box.right, "ybr": box.bottom}
    Xml.SubElement(
        track,
        "box",
        {
            "frame": str(frame),
            "keyframe": "1",
            "outside": str(int(outside)),
            "occluded": str(int(is_interpolated and not outside)),
            **{name: f"{side:.2f}" for name, side in sides.items()},
            "z_order": "0",
        },
    )
