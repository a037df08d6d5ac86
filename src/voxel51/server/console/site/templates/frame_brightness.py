# /// script
# dependencies = []
# ///
"""Frame brightness: a measure of each frame."""

from voxel51.platform import Video, VideoLabels, analytic


@analytic(version="1.0.0", preload=["av", "numpy"])
def frame_brightness(video: Video) -> VideoLabels:
    """Measure the brightness and the contrast of each frame.

    Args:
        video: the video.
    """
    labels = VideoLabels()
    for frame in video:
        luma = frame.luma()
        labels.add_frame_attributes(
            frame, brightness=round(float(luma.mean()), 1), contrast=round(float(luma.std()), 1)
        )
    return labels
