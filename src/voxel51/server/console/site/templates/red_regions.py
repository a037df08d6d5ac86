# /// script
# dependencies = []
# ///
"""Red regions: boxes around what is red in each frame."""

from typing import Annotated

import cv2
import numpy as np

from voxel51.platform import Range, Video, VideoLabels, analytic


@analytic(version="1.0.0", preload=["av", "cv2", "numpy"])
def red_regions(
    video: Video,
    saturation: Annotated[int, Range(0, 255)] = 120,
    minimum_size: Annotated[float, Range(0, 1)] = 0.002,
) -> VideoLabels:
    """Find red regions of each frame, such as red cars.

    Args:
        video: the video.
        saturation: minimum saturation of red, from 0 to 255.
        minimum_size: minimum area of a region, as a share of the frame.
    """
    labels = VideoLabels()
    for frame in video:
        hue, strength, _ = cv2.split(cv2.cvtColor(frame.image(), cv2.COLOR_BGR2HSV))
        red = ((hue < 10) | (hue > 170)) & (strength >= saturation)
        _, _, regions, _ = cv2.connectedComponentsWithStats(red.astype(np.uint8))
        for left, top, width, height, area in regions[1:]:  # the first region is everything else
            if area / red.size >= minimum_size:
                labels.add_box(frame, "red", (left, top, left + width, top + height))
    return labels
