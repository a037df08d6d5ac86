"""What is known about a video or an image as a file."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

from dataclasses import dataclass
from typing import Any

from voxel51.labels.field_types import ANY_JSON, FRAME_NUMBER, INTEGER, NUMBER, TEXT, ListType
from voxel51.labels.records import Record, optional


class FrameSizeType(ListType):
    """Width and height, a pair in code and a list in JSON."""

    def read(self, value: Any) -> tuple[int, int]:
        """The pair, so that sizes from files and from code compare equal."""
        width, height = value
        return width, height


FRAME_SIZE = FrameSizeType(FRAME_NUMBER, length=2)


@dataclass(slots=True, kw_only=True)
class VideoMetadata(Record):
    """A video as a file.

    Attributes:
        start_time: when recording began, ISO 8601.
        frame_size: width and height in pixels, as displayed (rotation applied).
        frame_rate: frames per second, on average.
        total_frame_count: decoded frames where it was counted, else what the container says.
        duration: seconds.
        encoding_str: the four-character code of the video stream, such as ``avc1``.
    """

    start_time: str | None = optional(TEXT)
    frame_size: tuple[int, int] | None = optional(FRAME_SIZE)
    frame_rate: float | None = optional(NUMBER)
    total_frame_count: int | None = optional(INTEGER)
    duration: float | None = optional(NUMBER)
    size_bytes: int | None = optional(INTEGER)
    mime_type: str | None = optional(TEXT)
    encoding_str: str | None = optional(TEXT)
    gps_waypoints: dict[str, Any] | None = optional(ANY_JSON)


@dataclass(slots=True, kw_only=True)
class ImageMetadata(Record):
    """An image as a file; ``frame_size`` is width and height in pixels."""

    frame_size: tuple[int, int] | None = optional(FRAME_SIZE)
    num_channels: int | None = optional(INTEGER)
    size_bytes: int | None = optional(INTEGER)
    mime_type: str | None = optional(TEXT)
