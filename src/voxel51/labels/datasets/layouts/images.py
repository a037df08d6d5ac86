"""Layouts in which each frame is an image of its own: COCO, YOLO, Pascal VOC and FiftyOne."""

import io
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TextIO

from voxel51.labels.datasets.layouts.base import DatasetImage, Layout
from voxel51.labels.datasets.videos import LabelledFrames
from voxel51.labels.field_types import JsonValue
from voxel51.labels.formats import coco, voc, yolo
from voxel51.labels.formats.boxes import Box, frame_size


class _Items:
    """JSON arrays that are written item by item, because those of a large dataset exceed the memory."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._files: dict[str, TextIO] = {}
        self.counts: dict[str, int] = defaultdict(int)

    def add(self, name: str, text: str) -> None:
        if name not in self._files:
            self._files[name] = (self._layout.scratch / f"{name}.items").open("w+", encoding="utf-8")
        self._files[name].write(("," if self.counts[name] else "") + text)
        self.counts[name] += 1

    def write(self, name: str, target: TextIO) -> None:
        """Append the items to ``target``, separated by commas."""
        with suppress(KeyError):  # no item of that name
            file = self._files[name]
            file.seek(0)
            while piece := file.read(1024 * 1024):
                target.write(piece)

    def close(self) -> None:
        for file in self._files.values():
            file.close()


class CocoLayout(Layout):
    """COCO: ``annotations/instances_<part>.json`` and ``images/<part>/``. Numbers of categories count from 1."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # as `Layout` declares them
        super().__init__(*arguments, **options)
        self._ids = {name: number for number, name in enumerate(self.classes, start=1)}
        self._items = _Items(self)

    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""
        return f"images/{image.split}/{image.stem}.jpg"

    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""
        width, height = frame_size(frames.labels)
        boxes = frames.boxes()
        images, annotations = f"{frames.split}-images", f"{frames.split}-annotations"
        for image in self.images_of(frames):
            image_id = self._items.counts[images] + 1
            described = {
                "id": image_id,
                "file_name": f"{image.stem}.jpg",
                "width": width,
                "height": height,
                "video": frames.filename,
                "frame_number": image.number,
            }
            self._items.add(images, _json(described))
            for box in boxes[image.number]:
                number = self._items.counts[annotations] + 1
                self._items.add(annotations, _json(coco.annotation(box, number, image_id, self._ids[box.label])))

    def finish(self) -> None:
        """Add the files that concern all videos."""
        for split in self.splits:
            path = self.scratch / "instances.json"
            with path.open("w", encoding="utf-8") as file:
                categories = _json(coco.categories(self._ids))
                file.write(f'{{"info":{{}},"licenses":[],"categories":{categories},"images":[')
                self._items.write(f"{split}-images", file)
                file.write('],"annotations":[')
                self._items.write(f"{split}-annotations", file)
                file.write("]}\n")
            self.archive.add_file(f"annotations/instances_{split}.json", path)
            path.unlink()
        self._items.close()


class YoloLayout(Layout):
    """YOLO as Ultralytics reads it: ``data.yaml``, ``images/<part>/`` and ``labels/<part>/``.

    Frames without a box have no file of labels: they are background images.
    """

    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""
        return f"images/{image.split}/{image.stem}.jpg"

    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""
        for number, lines in yolo.lines_of(frames.labels, self.classes).items():
            self.archive.add(f"labels/{frames.split}/{frames.stem(number)}.txt", "\n".join(lines) + "\n")

    def finish(self) -> None:
        """Add the files that concern all videos."""
        folders = {split: f"images/{split}" for split in self.splits}
        # Ultralytics demands both parts.
        first = next(iter(folders.values()), "images/train")
        folders = {"train": folders.get("train", first), "val": folders.get("val", first), **folders}
        self.archive.add("data.yaml", yolo.data_yaml(self.classes, folders))


class VocLayout(Layout):
    """Pascal VOC: ``Annotations/``, ``JPEGImages/`` and ``ImageSets/Main/<part>.txt``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # as `Layout` declares them
        super().__init__(*arguments, **options)
        self._names: dict[str, list[str]] = defaultdict(list)

    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""
        return f"JPEGImages/{image.stem}.jpg"

    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""
        size = frame_size(frames.labels)
        for number, boxes in frames.boxes().items():
            stem = frames.stem(number)
            text = io.BytesIO()
            voc.annotation(f"{stem}.jpg", size, boxes).write(text, encoding="utf-8")
            self.archive.add(f"Annotations/{stem}.xml", text.getvalue())
            self._names[frames.split].append(stem)

    def finish(self) -> None:
        """Add the files that concern all videos."""
        for split in self.splits:
            names = self._names[split]
            self.archive.add(f"ImageSets/Main/{split}.txt", "".join(f"{name}\n" for name in names))
        self.archive.add("labels.txt", "".join(f"{name}\n" for name in self.classes))


class FiftyOneLayout(Layout):
    """FiftyOne's own format of detections in images (``FiftyOneImageDetectionDataset``), a folder for each part.

    ``<part>/labels.json`` has the classes and the detections of each image, ``<part>/data/`` the images.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # as `Layout` declares them
        super().__init__(*arguments, **options)
        self._numbers = {name: number for number, name in enumerate(self.classes)}
        self._items = _Items(self)

    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""
        return f"{image.split}/data/{image.stem}.jpg"

    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""
        size = frame_size(frames.labels)
        for number, boxes in frames.boxes().items():
            found = [*self._detections(boxes, size)]
            self._items.add(frames.split, f"{_json(frames.stem(number))}:{_json(found)}")

    def finish(self) -> None:
        """Add the files that concern all videos."""
        for split in self.splits:
            path = self.scratch / "labels.json"
            with path.open("w", encoding="utf-8") as file:
                file.write(f'{{"classes":{_json([*self.classes])},"labels":{{')
                self._items.write(split, file)
                file.write("}}\n")
            self.archive.add_file(f"{split}/labels.json", path)
            path.unlink()
        self._items.close()

    def _detections(self, boxes: list[Box], size: tuple[int, int]) -> Iterator[dict[str, JsonValue]]:
        width, height = size
        for box in boxes:
            sides = (box.left / width, box.top / height, box.width / width, box.height / height)
            found: dict[str, JsonValue] = {
                "label": self._numbers[box.label],
                "bounding_box": [round(side, 6) for side in sides],
            }
            if box.confidence is not None:
                found["confidence"] = box.confidence
            if box.track is not None:
                found["attributes"] = {"track": box.track}
            yield found


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
