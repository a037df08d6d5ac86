"""Still images: single frames, posters and thumbnail sheets of a video, and image files."""

import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from voxel51.labels.media import ProgressCallback
from voxel51.labels.media.frame import Frame, Pixels, resized
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.metadata import ImageMetadata

COLUMNS = 10
"""Thumbnails per row."""

_BLANK_DEVIATION = 12.0
"""Standard deviation of brightness below which a frame is a fade or blank and unsuitable as a poster."""

_MAX_POSTER_SECONDS = 20.0


def frame_at(video: Path, number: int | None = None, seconds: float | None = None) -> Frame:
    """Return the frame with this number, from 1, or the one that is shown at ``seconds``.

    Raises:
        UnreadableVideo: ``video`` is not a video.
        ValueError: the video has no such frame; the text says how many it has.
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
        wanted = f"frame {number}" if number is not None else f"frame at {seconds:g} s"
        raise ValueError(f"{wanted} not found: the video has {reader.frames_decoded} frames and lasts {end:.2f} s")


def poster(video: Path) -> Pixels:
    """Return a representative frame: from the first seconds of the video, and not blank. BGR, uint8 [H, W, 3].

    Raises:
        UnreadableVideo: ``video`` is not a video.
    """
    with VideoReader(video) as reader:
        chosen: Frame | None = None
        earliest = min(1.0, (reader.metadata.duration or 0.0) / 10)
        for frame in reader:
            is_suitable = float(np.std(frame.luma())) > _BLANK_DEVIATION
            if chosen is None or is_suitable:
                chosen = frame
            if (is_suitable and frame.time >= earliest) or frame.time > _MAX_POSTER_SECONDS:
                break
        return cast("Frame", chosen).image()


def thumbnails(video: Path, count: int, width: int, progress: ProgressCallback | None = None) -> Pixels:
    """Return at most ``count`` frames at equal intervals, each ``width`` pixels wide, in rows of `COLUMNS`: BGR, uint8
    [H, W, 3].

    The n-th of N is from the middle of the n-th of N equal parts of the video's frames. The video is decoded twice,
    because only counting yields the exact number of frames.

    Raises:
        UnreadableVideo: ``video`` is not a video.
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
    """Return ``image`` at most ``width`` pixels wide."""
    if width is None or image.shape[1] <= width:
        return image
    return resized(image, width, max(1, round(image.shape[0] * width / image.shape[1])))


def jpeg_of(image: Pixels, quality: int) -> bytes:
    """Return ``image`` (BGR, uint8 [H, W, 3]) as a JPEG file of this quality, 1 to 100."""
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def save(image: Pixels, output: Path) -> None:
    """Write ``image`` as JPEG or PNG, by the suffix of ``output``."""
    options = [cv2.IMWRITE_PNG_COMPRESSION, 6] if output.suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, 88]
    _, encoded = cv2.imencode(output.suffix, image, options)
    output.write_bytes(encoded.tobytes())


def read_image(path: Path) -> Pixels:
    """Return the pixels of an image file: RGB, uint8 [H, W, 3].

    Raises:
        ValueError: the file is not an image that OpenCV reads.
    """
    return _decoded(path, cv2.IMREAD_COLOR)[:, :, ::-1].copy()


def image_metadata(path: Path) -> ImageMetadata:
    """Return the metadata of an image file, which is decoded.

    Raises:
        ValueError: the file is not an image that OpenCV reads.
    """
    pixels = _decoded(path, cv2.IMREAD_UNCHANGED)
    return ImageMetadata(
        frame_size=(pixels.shape[1], pixels.shape[0]),
        num_channels=pixels.shape[2] if pixels.ndim == 3 else 1,
        size_bytes=path.stat().st_size,
        mime_type=mimetypes.guess_type(path.name)[0],
    )


def _decoded(path: Path, mode: int) -> Pixels:
    encoded = np.frombuffer(path.read_bytes(), np.uint8)
    pixels = cv2.imdecode(encoded, mode) if encoded.size else None
    if pixels is None:
        raise ValueError(f"{path.name!r} is not an image that can be read; PNG and JPEG can")
    return cast("Pixels", pixels)


def _tiled(pictures: Sequence[Pixels], width: int, height: int) -> Pixels:
    columns, rows = min(COLUMNS, len(pictures)), -(-len(pictures) // COLUMNS)
    sheet: Pixels = np.zeros((rows * height, columns * width, 3), np.uint8)
    for place, picture in enumerate(pictures):
        row, column = divmod(place, COLUMNS)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return sheet
