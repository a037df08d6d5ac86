"""Pascal VOC: one XML file per image (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf, section 9)."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from voxel51.labels.formats.boxes import Box, boxes_of, frame_size, image_name, xml_text
from voxel51.labels.video_base import VideoLabelsBase


def write(labels: VideoLabelsBase, folder: Path) -> None:
    """Write ``Annotations/frame-….xml`` for every frame with boxes; images belong into ``JPEGImages``.

    Pixels are integers, counted from 1.

    Raises:
        ValueError: the labels do not contain the frame size.
    """
    size = frame_size(labels)
    by_frame: dict[int, list[Box]] = defaultdict(list)
    for box in boxes_of(labels):
        by_frame[box.frame_number].append(box)
    annotations = folder / "Annotations"
    annotations.mkdir()
    for number, boxes in by_frame.items():
        name = image_name(labels, number)
        annotation(f"{name}.jpg", size, boxes).write(annotations / f"{name}.xml", encoding="utf-8")


def annotation(filename: str, size: tuple[int, int], boxes: Sequence[Box]) -> Xml.ElementTree:
    """Return the annotation of one image, whose width and height in pixels are ``size``."""
    width, height = size
    root = Xml.Element("annotation")
    Xml.SubElement(root, "folder").text = "JPEGImages"
    Xml.SubElement(root, "filename").text = filename
    _add(Xml.SubElement(root, "size"), width=width, height=height, depth=3)
    Xml.SubElement(root, "segmented").text = "0"
    for box in boxes:
        element = Xml.SubElement(root, "object")
        Xml.SubElement(element, "name").text = xml_text(box.label)
        _add(element, pose="Unspecified", truncated=0, difficult=0)
        left, top = min(int(box.left) + 1, width), min(int(box.top) + 1, height)
        right, bottom = max(min(round(box.right), width), left), max(min(round(box.bottom), height), top)
        _add(Xml.SubElement(element, "bndbox"), xmin=left, ymin=top, xmax=right, ymax=bottom)
    Xml.indent(root)
    return Xml.ElementTree(root)


def _add(parent: Xml.Element, **facts: object) -> None:
    for name, value in facts.items():
        Xml.SubElement(parent, name).text = str(value)
