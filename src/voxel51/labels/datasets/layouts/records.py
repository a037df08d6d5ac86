"""Layouts of tables and samples: Parquet and WebDataset."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from voxel51.labels.datasets.layouts.base import DatasetImage, Layout
from voxel51.labels.datasets.videos import LabelledFrames
from voxel51.labels.formats.boxes import Box, frame_size
from voxel51.labels.formats.tables import row_schema, rows_of

SAMPLES_PER_SHARD = 1000
"""Images in one tar file of a WebDataset."""


class ParquetLayout(Layout):
    """Parquet: ``<part>.parquet``, a row for each box and each range of frames of an event, and ``images/<part>/``.

    The columns are ``video``, ``image`` (its path; null without images), and those of the format ``parquet`` of one
    job's labels.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # as `Layout` declares them
        super().__init__(*arguments, **options)
        self._writers: dict[str, Any] = {}  # pyarrow has no type information

    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""
        return f"images/{image.split}/{image.stem}.jpg"

    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""
        import pyarrow  # noqa: PLC0415  (40 MB, and only for this)

        paths = {image.number: self.image_path(image) for image in self.images_of(frames)} if self.has_images else {}
        rows = [
            {
                "video": frames.filename,
                "image": paths.get(row["first_frame"]) if row["kind"] == "object" else None,
                **row,
            }
            for row in rows_of(frames.labels)
        ]
        schema = row_schema(("video", "image"))
        self._writer(frames.split, schema).write_table(pyarrow.Table.from_pylist(rows, schema=schema))

    def finish(self) -> None:
        """Add the files that concern all videos."""
        for split in self.splits:
            self._writer(split, row_schema(("video", "image"))).close()
            path = self._path(split)
            self.archive.add_file(path.name, path)
            path.unlink()

    def _writer(self, split: str, schema: Any) -> Any:
        from pyarrow import parquet  # noqa: PLC0415

        if split not in self._writers:
            self._writers[split] = parquet.ParquetWriter(self._path(split), schema)
        return self._writers[split]

    def _path(self, split: str) -> Path:
        return self.scratch / f"{split}.parquet"


class WebDatasetLayout(Layout):
    """WebDataset: ``<part>-<number>.tar`` with ``<frame>.json`` and ``<frame>.jpg`` for each frame.

    The JSON has ``video``, ``frame_number``, ``width``, ``height``, and ``boxes`` with ``label``, ``class`` (number
    from 0), ``bbox`` (left, top, width, height in pixels), ``track`` and ``score``.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # as `Layout` declares them
        super().__init__(*arguments, **options)
        self._numbers = {name: number for number, name in enumerate(self.classes)}
        self._shards: dict[str, tarfile.TarFile] = {}
        self._counts: dict[str, int] = {}

    def image_path(self, image: DatasetImage) -> str:
        """Return the path of an image in the archive."""
        return f"{image.stem}.jpg"

    def add_image(self, image: DatasetImage, jpeg: bytes) -> None:
        """Keep the image: in a shard, the files of a sample follow each other."""
        (self.scratch / self.image_path(image)).write_bytes(jpeg)

    def add(self, frames: LabelledFrames) -> None:
        """Add the labels of a video."""
        width, height = frame_size(frames.labels)
        boxes = frames.boxes()
        for image in self.images_of(frames):
            described = {
                "video": frames.filename,
                "frame_number": image.number,
                "width": width,
                "height": height,
                "boxes": [self._described(box) for box in boxes[image.number]],
            }
            shard = self._shard_for_next(frames.split)
            text = json.dumps(described, ensure_ascii=False, allow_nan=False)
            _add(shard, f"{image.stem}.json", text.encode())
            if self.has_images:
                path = self.scratch / self.image_path(image)
                _add(shard, path.name, path.read_bytes())
                path.unlink()

    def finish(self) -> None:
        """Add the files that concern all videos."""
        for split in self.splits:
            if self._counts.get(split, 0) % SAMPLES_PER_SHARD:
                self._close(split)
        self.archive.add("classes.txt", "".join(f"{name}\n" for name in self.classes))

    def _described(self, box: Box) -> dict[str, object]:
        sides = [round(side, 3) for side in (box.left, box.top, box.width, box.height)]
        number = self._numbers[box.label]
        return {"label": box.label, "class": number, "bbox": sides, "track": box.track, "score": box.confidence}

    def _shard_for_next(self, split: str) -> tarfile.TarFile:
        count = self._counts.get(split, 0)
        if count and count % SAMPLES_PER_SHARD == 0:
            self._close(split)
        if split not in self._shards:
            self._shards[split] = tarfile.open(self._path(split), "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        self._counts[split] = count + 1
        return self._shards[split]

    def _close(self, split: str) -> None:
        self._shards.pop(split).close()
        number = (self._counts[split] - 1) // SAMPLES_PER_SHARD
        self.archive.add_file(f"{split}-{number:06d}.tar", self._path(split))
        self._path(split).unlink()

    def _path(self, split: str) -> Path:
        return self.scratch / f"{split}.tar"


def _add(shard: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    shard.addfile(entry, io.BytesIO(content))
