"""Results of the demo: merged labels, an annotated video and a contact sheet."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from voxel51.labels.contact_sheet import contact_sheet
from voxel51.labels.draw import annotated_video
from voxel51.labels.merge import merge
from voxel51.labels.video import VideoLabels


@dataclass(frozen=True, slots=True)
class Results:
    """The detections, and the files with them.

    Attributes:
        frame_count: number of frames of the video.
        shots: first frame of every shot, from 1.
        tracks_by_label: class -> number of tracks, most frequent first.
        files: the files written, the most interesting first.
    """

    frame_count: int
    shots: list[int]
    tracks_by_label: dict[str, int]
    files: list[Path]


def leave_results(video: Path, label_files: Mapping[str, Path], folder: Path) -> Results:
    """Merge ``label_files`` (short name of the analytic -> path); write the labels and drawings of them to ``folder``.

    Files of the same names are replaced; all others stay.
    """
    together, drawn, sheet = folder / "labels.json", folder / "annotated.mp4", folder / "contact-sheet.jpg"
    merged = reduce(merge, [VideoLabels.from_file(path) for path in label_files.values()])
    merged.to_file(together)
    annotated_video(video, merged, drawn)
    contact_sheet(video, merged, sheet)
    return Results(
        frame_count=(merged.metadata.total_frame_count if merged.metadata else None) or len(merged.frames),
        shots=[event.support.ranges[0][0] for event in merged.events_labelled("shot") if event.support],
        tracks_by_label=count_tracks(merged),
        files=[drawn, sheet, together, *label_files.values()],
    )


def count_tracks(labels: VideoLabels) -> dict[str, int]:
    """Class -> number of tracks, most frequent first. A track counts for its most frequent class."""
    names: dict[int, Counter[str]] = defaultdict(Counter)
    for number in labels.frames:
        for seen in labels.objects_in(number):
            if seen.index is not None and seen.label:
                names[seen.index][seen.label] += 1
    return dict(Counter(counted.most_common(1)[0][0] for counted in names.values()).most_common())
