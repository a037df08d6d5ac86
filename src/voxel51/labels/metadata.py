"""Metadata of video and image files: size, rate, duration and encoding."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

from dataclasses import dataclass

from voxel51.labels.field_types import ANY_JSON, FRAME_NUMBER, INTEGER, NUMBER, TEXT, JsonValue, ListType
from voxel51.labels.records import Record, optional


class FrameSizeType(ListType):
    """Field type of width and height: a pair in code, a list in JSON."""

    def read(self, value: JsonValue) -> tuple[int, int]:
        """Return a tuple, so that sizes from files and from code compare equal."""
        width, height = value
        return width, height


FRAME_SIZE = FrameSizeType(FRAME_NUMBER, length=2)


@dataclass(slots=True, kw_only=True)
class VideoMetadata(Record):
    """Metadata of a video file.

    Attributes:
        start_time: start of the recording, ISO 8601.
        frame_size: width and height in pixels, as displayed (rotation applied).
        frame_rate: frames per second; the mean if the rate varies, and the rate between interruptions if it does not.
        total_frame_count: number of decoded frames if they were counted, else the number that the container declares.
        duration: seconds.
        encoding_str: four-character code of the video stream, such as ``avc1``.
    """

    start_time: str | None = optional(TEXT)
    frame_size: tuple[int, int] | None = optional(FRAME_SIZE)
    frame_rate: float | None = optional(NUMBER)
    total_frame_count: int | None = optional(INTEGER)
    duration: float | None = optional(NUMBER)
    size_bytes: int | None = optional(INTEGER)
    mime_type: str | None = optional(TEXT)
    encoding_str: str | None = optional(TEXT)
    gps_waypoints: dict[str, JsonValue] | None = optional(ANY_JSON)


@dataclass(slots=True, kw_only=True)
class ImageMetadata(Record):
    """Metadata of an image file; ``frame_size`` is width and height in pixels."""

    frame_size: tuple[int, int] | None = optional(FRAME_SIZE)
    num_channels: int | None = optional(INTEGER)
    size_bytes: int | None = optional(INTEGER)
    mime_type: str | None = optional(TEXT)
