"""Bright spots of single images: an image-to-video analytic, which knows neither videos nor jobs."""

import logging

import cv2

import voxel51.image2video.core as voxi

logger = logging.getLogger(__name__)

BRIGHT = 200
"""Brightness from which a pixel belongs to a spot, from 0 to 255."""

SMALLEST_SHARE = 0.001
"""Smallest area of a spot, as a share of the image."""


def spots(image):
    """Return the labels of one image, as `ImageLabels` in JSON."""
    height, width = image.shape[:2]
    bright = cv2.threshold(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), BRIGHT, 255, cv2.THRESH_BINARY)[1]
    _, _, regions, _ = cv2.connectedComponentsWithStats(bright)
    objects = [
        {
            "type": "eta.core.objects.DetectedObject",
            "label": "bright spot",
            "bounding_box": {
                "top_left": {"x": left / width, "y": top / height},
                "bottom_right": {"x": (left + wide) / width, "y": (top + high) / height},
            },
        }
        for left, top, wide, high, area in regions[1:].tolist()  # the first region is everything else
        if area >= SMALLEST_SHARE * width * height
    ]
    return {"objects": {"objects": objects}}


def main():
    """Label every frame."""
    voxi.setup_logging()
    predictions = voxi.Predictions()
    for frame_number, image in voxi.read_images():
        predictions.add(frame_number, spots(image))
        logger.info("frame %d done", frame_number)
    voxi.write_predictions(predictions)


if __name__ == "__main__":
    main()
