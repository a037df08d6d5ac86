"""Single pictures out of a video."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from voxel51.labels.media import ProgressCallback
from voxel51.labels.media.frame import Frame, Pixels, resized
from voxel51.labels.media.video_reader import VideoReader

COLUMNS = 10
"""Thumbnails in one row."""

_DULL = 12.0
"""Deviation of brightness below which a frame is a fade or a blank, which says nothing of its video."""

_MOST_SECONDS_FOR_POSTER = 20.0


def frame_at(video: Path, number: int | None = None, seconds: float | None = None) -> Frame:
    """The frame of that number, from 1, or the one that is shown at ``seconds``.

    Raises:
        UnreadableVideo: ``video`` is no video.
        ValueError: it has no such frame; the text says how many it has.
    """
    shown: Frame | None = None
    with VideoReader(video) as reader:
        for frame in reader:
            if number is not None and frame.number == number:
                return frame
            if seconds is not None and frame.time > seconds:
                return shown or frame
            shown = frame
        end = reader.metadata.duration or 0.0
        if seconds is not None and shown is not None and seconds <= shown.time + end / reader.frames_decoded:
            return shown
        wanted = f"frame {number}" if number is not None else f"nothing at {seconds:g} s"
        raise ValueError(f"there is no {wanted}: it has {reader.frames_decoded} frames and lasts {end:.2f} s")


def poster(video: Path) -> Pixels:
    """A frame that stands for the video: from its first seconds, and no blank. BGR, uint8 [H, W, 3].

    Raises:
        UnreadableVideo: ``video`` is no video.
    """
    with VideoReader(video) as reader:
        chosen: Frame | None = None
        enough = min(1.0, (reader.metadata.duration or 0.0) / 10)
        for frame in reader:
            is_telling = float(np.std(frame.luma())) > _DULL
            if chosen is None or is_telling:
                chosen = frame
            if (is_telling and frame.time >= enough) or frame.time > _MOST_SECONDS_FOR_POSTER:
                break
        return cast("Frame", chosen).image()


def thumbnails(video: Path, count: int, width: int, progress: ProgressCallback | None = None) -> Pixels:
    """At most ``count`` frames, spread evenly, ``width`` pixels wide each, in rows of `COLUMNS`. BGR, uint8 [H, W, 3].

    The n-th of N is from the middle of the n-th of N equal parts of the video's frames. The video is decoded twice,
    since only counting tells how many frames there are.

    Raises:
        UnreadableVideo: ``video`` is no video.
    """
    with VideoReader(video) as reader:
        for frame in reader:
            if progress is not None:
                progress(frame.number, 2 * (reader.metadata.total_frame_count or frame.number))
        total = reader.frames_decoded
        high, wide = frame.size[1], frame.size[0]
    parts = min(count, total)
    wanted = {(2 * part + 1) * total // (2 * parts) + 1 for part in range(parts)}
    height = max(1, round(high * width / wide))
    with VideoReader(video) as reader:
        pictures = []
        for frame in reader:
            if frame.number in wanted:
                pictures.append(frame.small(width, height))
            if progress is not None:
                progress(total + frame.number, 2 * total)
    return _tiled(pictures, width, height)


def shrunk(image: Pixels, width: int | None) -> Pixels:
    """``image`` at most ``width`` pixels wide."""
    if width is None or image.shape[1] <= width:
        return image
    return resized(image, width, max(1, round(image.shape[0] * width / image.shape[1])))


def save(image: Pixels, output: Path) -> None:
    """Write ``image`` as JPEG or PNG, by the suffix of ``output``."""
    _, encoded = cv2.imencode(output.suffix, image, [cv2.IMWRITE_JPEG_QUALITY, 88])
    output.write_bytes(encoded.tobytes())


def _tiled(pictures: Sequence[Pixels], width: int, height: int) -> Pixels:
    columns, rows = min(COLUMNS, len(pictures)), -(-len(pictures) // COLUMNS)
    sheet: Pixels = np.zeros((rows * height, columns * width, 3), np.uint8)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, COLUMNS)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return sheet
