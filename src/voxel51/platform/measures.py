"""Measures: what a part of a split job found in its frames, from which the merge decides as an unsplit job does.

Where a decision depends on all frames before, such as the number of the next track, parts cannot take it alone. They
write what they measured in each frame; the merge reads the measures of all parts in order and decides. The result is
that of an unsplit job, because the same code decides about the same measures.

A file of measures is JSON, a record per line, compressed: a description if there is one, ``[number, measure]`` for
frames, and at the end the facts of the part.
"""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar  # measures are plain values of any shape

from voxel51.labels.media.containers import UnreadableVideo
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.metadata import VideoMetadata
from voxel51.platform.errors import InvalidInput
from voxel51.platform.frame_part import PartOutput
from voxel51.platform.job import Job
from voxel51.platform.video import Video, VideoFacts

_FASTEST = 1
_DESCRIPTION = "description"
_Measure = TypeVar("_Measure")


class Measures:
    """Measures of the frames of one part. In a job that is not split, they are not kept."""

    def __init__(self, job: Job, video: Video, path: Path) -> None:
        self._job = job
        self._video = video
        self._path = path
        self._file: gzip.GzipFile | None = None

    @classmethod
    @contextmanager
    def open(cls, job: Job, video: Video, output: str) -> Iterator[Self]:
        """Yield the measures of ``job``; those of a part become its output ``output`` when the block ends."""
        measures = cls(job, video, job.output(output))
        if job.part is None:
            yield measures
            return
        measures._path.write_bytes(job.checkpoint.measures)
        measures._begin()
        job.checkpoint.follow_measures(measures._content)
        yield measures
        measures._finish()

    def kept(
        self, found: Iterable[tuple[int, _Measure]], plain: Callable[[_Measure], Any]
    ) -> Iterator[tuple[int, _Measure]]:
        """Yield the frame numbers and measures that ``found`` yields. Those of the frames that the part answers for are
        kept, as the plain values that ``plain`` returns.
        """
        part = self._video.part
        for number, measure in found:
            if part is not None and part.has(number):
                self._write([number, plain(measure)])
            yield number, measure

    def describe(self, description: Mapping[str, Any]) -> None:
        """Keep what the merge needs to know before the first measure, as plain values."""
        if self._file is not None and not self._job.checkpoint.is_resumed:
            self._write({_DESCRIPTION: description})

    def _write(self, record: Any) -> None:
        assert self._file is not None  # noqa: S101  (it is open in a part)
        self._file.write(json.dumps(record, allow_nan=False, separators=(",", ":")).encode() + b"\n")

    def _begin(self) -> None:
        self._file = gzip.GzipFile(self._path, "ab", _FASTEST, mtime=0)

    def _content(self) -> bytes:
        """Return all that was written, for a checkpoint. What follows is compressed for itself."""
        assert self._file is not None  # noqa: S101
        self._file.close()
        content = self._path.read_bytes()
        self._begin()
        return content

    def _finish(self) -> None:
        video = self._video
        self._write({
            "metadata": video.metadata.to_json(), "count": video.count, "last": [video.last_number, video.last_time],
            "warnings": self._job.warnings, "weights": self._job.weights,
        })  # fmt: skip
        assert self._file is not None  # noqa: S101
        self._file.close()


def read_measures(parts: Sequence[PartOutput], facts: Callable[[Mapping[str, Any]], None]) -> Iterator[tuple[int, Any]]:
    """Yield the frame numbers and measures of ``parts`` in order; call ``facts`` with those at the end of each.

    Raises:
        ValueError: a file of measures breaks off.
    """
    for each in parts:
        with gzip.open(each.path, "rb") as file:
            for line in file:
                record = json.loads(line)
                if isinstance(record, list):
                    yield record[0], record[1]
                elif _DESCRIPTION not in record:
                    facts(record)
                    break
            else:
                raise ValueError(f"the measures of part {each.part.number} of {each.part.count} are incomplete")


def take_weights(job: Job, facts: Mapping[str, Any]) -> None:
    """Record the weights of a part as those of ``job``."""
    for name, sha256 in facts["weights"].items():
        job.record_weights(name, sha256)


class MeasuredVideo(VideoFacts):
    """Video of a merge: it has the measures of the parts instead of frames, and after them the same facts as a video
    that was read.
    """

    def __init__(self, job: Job, reader: VideoReader, parts: Sequence[PartOutput], name: str) -> None:
        super().__init__(job, reader)
        self._parts = parts
        self._name = name
        self._metadata: VideoMetadata | None = None

    @property
    def metadata(self) -> VideoMetadata:
        """Metadata of the video. The number of frames and the duration are estimates until the last measure was
        read.
        """
        return self._metadata or self._reader.metadata

    def description(self) -> Mapping[str, Any]:
        """Return what the first part kept by `Measures.describe`."""
        with gzip.open(self._parts[0].path, "rb") as file:
            description: Mapping[str, Any] = json.loads(file.readline())[_DESCRIPTION]
            return description

    def measures(self) -> Iterator[tuple[int, Any]]:
        """Yield frame numbers and measures, as plain values, in order; one is in memory at a time."""
        end = self._parts[-1].part.last_frame
        for number, measure in read_measures(self._parts, self._take_facts):
            yield number, measure
            self._job.progress(number, max(end, number + 1))
        self._report_amount(self._name, self.count)
        self._job.progress(end, end)

    def _take_facts(self, record: Mapping[str, Any]) -> None:
        self._metadata = VideoMetadata.from_json(record["metadata"])
        self.count += record["count"]
        self.last_number, self.last_time = record["last"]
        for text in record["warnings"]:
            self._job.warn(text)
        take_weights(self._job, record)


@contextmanager
def measured_video(job: Job, parts: Sequence[PartOutput], name: str = "video") -> Iterator[MeasuredVideo]:
    """Open the input ``name`` of a merge, with the measures of its parts.

    Raises:
        InvalidInput: the file is not a video.
    """
    try:
        reader = VideoReader(job.inputs[name], job.filenames.get(name))
    except UnreadableVideo as error:
        raise InvalidInput(str(error)) from None
    with reader:
        yield MeasuredVideo(job, reader, parts, name)
