# /// script
# dependencies = []
# ///
"""Dark scenes: events for the parts of a video that are dark."""

from typing import Annotated

from voxel51.platform import Range, Video, VideoLabels, analytic


@analytic(version="1.0.0", preload=["av", "numpy"])
def dark_scenes(video: Video, darkest: Annotated[float, Range(0, 255)] = 60) -> VideoLabels:
    """Find the parts of a video that are dark.

    Args:
        video: the video.
        darkest: maximum mean brightness of a dark frame, from 0 to 255.
    """
    labels = VideoLabels()
    first = None  # of the dark frames up to now
    last = 0
    for frame in video:
        if frame.luma().mean() <= darkest:
            first = first or frame.number
            last = frame.number
        elif first is not None:
            labels.add_event("dark", first, last)
            first = None
    if first is not None:
        labels.add_event("dark", first, last)
    return labels
