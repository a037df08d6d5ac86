"""Labels for FiftyOne (https://docs.voxel51.com), which reads them frame by frame and event by event."""

from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.labels.video_base import VideoLabelsBase

if TYPE_CHECKING:
    from fiftyone import Sample


def to_fiftyone(labels: VideoLabelsBase | Path, video: Path) -> "Sample":
    """A sample of ``video`` with its labels, to be added to a dataset.

    Things become ``detections`` of its frames, events ``events``, and attributes of frames have their own names.

    Args:
        labels: or the native file that they are in.
        video: its path, which the sample names.

    Raises:
        ModuleNotFoundError: FiftyOne is not installed.
        InvalidLabels: the file holds no labels of a video.
    """
    try:
        import eta.core.video as eta  # noqa: PLC0415  (FiftyOne is large, and needs its database)
        from fiftyone.utils.eta import from_video_labels  # noqa: PLC0415

        import fiftyone  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ModuleNotFoundError("samples for FiftyOne need it: pip install fiftyone") from None

    known = labels if isinstance(labels, VideoLabelsBase) else VideoLabelsBase.from_file(labels)
    of_video, of_frames = from_video_labels(eta.VideoLabels.from_dict(known.to_json()))
    sample = fiftyone.Sample(filepath=str(video.resolve()))
    for name, label in (of_video or {}).items():
        sample[name] = label
    for number, fields in (of_frames or {}).items():
        sample.frames[number] = fiftyone.Frame(**fields)
    return sample
