"""VideoLabels: the labels of one video, frame by frame and over ranges of frames."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from voxel51.labels.builder import LabelsBuilder
from voxel51.labels.objects import UNNAMED_LABEL
from voxel51.labels.video_base import VideoFrame, VideoLabelsBase

__all__ = ["VideoFrame", "VideoLabels"]

_MOST_SHOWN = 8


@dataclass(slots=True, kw_only=True)
class VideoLabels(VideoLabelsBase, LabelsBuilder):
    """Labels of one video.

    Tracks are stored framewise (detected objects with the same ``index`` in `frames`, as the built-in analytics write
    them) or as `objects` with frames of their own; `objects_in` reads both. ``provenance`` names the analytic, its
    inputs and its parameters.
    """

    def __repr__(self) -> str:
        counts = [f"{count} {label or UNNAMED_LABEL}" for label, count in self._counts().items()]
        what = ", ".join(counts[:_MOST_SHOWN]) + (", …" if len(counts) > _MOST_SHOWN else "")
        frames = self.metadata.total_frame_count if self.metadata else None
        length = f"{len(self.frames) if frames is None else frames} frames"
        return f"VideoLabels({self.filename!r}, {length}: {what or 'nothing'})"

    def _repr_html_(self) -> str:
        """Return the view in notebooks: a table of the labels, with the number of tracks, detections and events."""
        rows = "".join(
            f"<tr><td>{escape(label or UNNAMED_LABEL)}</td><td>{count}</td></tr>"
            for label, count in self._counts().items()
        )
        caption = f"<caption>{escape(self.filename or 'labels')}</caption>"
        head = "<thead><tr><th>label</th><th>tracks, events and single detections</th></tr></thead>"
        return f"<table>{caption}{head}<tbody>{rows}</tbody></table>"

    def _counts(self) -> Counter[str]:
        """Return how many tracks, single detections and events each label has, the most frequent first."""
        found: set[tuple[str, int | None]] = set()
        counts: Counter[str] = Counter(str(event.label or "") for event in self.events)
        for number in self.frames_with_objects():
            for each in self.objects_in(number):
                key = (str(each.label or ""), each.index)
                if each.index is None or key not in found:
                    counts[key[0]] += 1
                    found.add(key)
        return Counter(dict(counts.most_common()))

    def convert(self, name: str, output: str | os.PathLike[str], classes: Sequence[str] | None = None) -> None:
        """Write the labels to ``output`` in the format ``name``, such as ``coco``; see `voxel51.labels.formats`.

        ``classes`` fixes the numbers of classes in coco, yolo and mot; by default they are those of COCO and of MOT
        Challenge.
        """
        # Imported here because formats load csv, xml and zipfile, which most programs that read labels do not need.
        from voxel51.labels.formats import convert  # noqa: PLC0415

        convert(self, name, Path(output), classes)
