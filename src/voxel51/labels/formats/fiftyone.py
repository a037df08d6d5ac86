"""FiftyOne (https://docs.voxel51.com): labels as a sample, with labels of frames and of events."""

from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.labels.video_base import VideoLabelsBase

if TYPE_CHECKING:
    from fiftyone import Sample


def to_fiftyone(labels: VideoLabelsBase | Path, video: Path) -> "Sample":
    """Return a sample of ``video`` with its labels, to be added to a dataset.

    Objects become ``detections`` of the frames, events ``events``, and attributes of frames keep their own names.

    Args:
        labels: labels, or the native file that holds them.
        video: path of the video, which the sample refers to.

    Raises:
        ModuleNotFoundError: FiftyOne is not installed.
        InvalidLabels: the file holds no labels of a video.
    """
    try:
        import eta.core.video as eta  # noqa: PLC0415  (FiftyOne is large, and needs its database)
        from fiftyone.utils.eta import from_video_labels  # noqa: PLC0415

        import fiftyone  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ModuleNotFoundError("FiftyOne is not installed: pip install fiftyone") from None

    known = labels if isinstance(labels, VideoLabelsBase) else VideoLabelsBase.from_file(labels)
    of_video, of_frames = from_video_labels(eta.VideoLabels.from_dict(known.to_json()))
    sample = fiftyone.Sample(filepath=str(video.resolve()))
    for name, label in (of_video or {}).items():
        sample[name] = label
    for number, fields in (of_frames or {}).items():
        sample.frames[number] = fiftyone.Frame(**fields)
    return sample
