"""Changed share: how much of each frame differs from the one before."""

from typing import Annotated

import numpy as np

from voxel51.platform import Range, Video, VideoLabels, analytic


@analytic(version="1.0.0")
def changed_share(video: Video, threshold: Annotated[int, Range(1, 255)] = 25) -> VideoLabels:
    """Measure the share of pixels that change from frame to frame, and find still parts.

    Args:
        video: the video.
        threshold: difference in brightness from which a pixel counts as changed.
    """
    labels = VideoLabels()
    previous = None
    for frame in video:
        luma = frame.luma().astype(np.int16)
        if previous is not None:
            share = float((np.abs(luma - previous) >= threshold).mean())
            labels.add_frame_attributes(frame, changed=round(share, 4))
            if share == 0:
                labels.add_event("still", frame, frame)
        previous = luma
    return labels
