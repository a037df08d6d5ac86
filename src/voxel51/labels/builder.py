"""Label builder: add boxes, masks, keypoints, events and attributes to the labels of a video in one call each.

`voxel51.labels.video.VideoLabels` and `voxel51.labels.writer.VideoLabelsWriter` both offer these methods.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from voxel51.labels.attributes import Attribute, BooleanAttribute, CategoricalAttribute, NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.field_types import JsonValue
from voxel51.labels.geometry import BoundingBox, Keypoints
from voxel51.labels.masks import encode
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video_base import VideoFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voxel51.labels.media.frame import Frame

Box = BoundingBox | Sequence[float]
"""Box in a frame: a `BoundingBox`, or left, top, right and bottom in pixels of ``frame.image()``."""


class LabelsBuilder:
    """Methods that add labels. A class that inherits them has ``attributes``, ``events`` and `frame`."""

    __slots__ = ()
    attributes: list[Attribute]
    events: list[VideoEvent]

    def frame(self, number: int) -> VideoFrame:
        """Return the labels of the frame ``number`` (from 1), to which labels may be added."""
        raise NotImplementedError

    def add_box(
        self,
        frame: "Frame",
        label: str,
        box: Box,
        *,
        confidence: float | None = None,
        index: int | None = None,
        mask: "NDArray[Any] | None" = None,
        **attributes: JsonValue,
    ) -> DetectedObject | None:
        """Add an object to ``frame``, and return it; None if no part of the box is inside the frame.

        Args:
            frame: frame in which the object is.
            label: class of the object, such as ``car``.
            box: left, top, right and bottom in pixels of ``frame.image()``, or a `BoundingBox` of the whole frame.
            confidence: in [0, 1].
            index: number of the track; the same for one object in all frames.
            mask: integers or booleans [H, W] that cover the box, at any resolution.
            attributes: further facts, such as ``colour="red"``: text, numbers, or booleans.
        """
        place = box if isinstance(box, BoundingBox) else frame.box(*map(float, box))
        if place is None:
            return None
        added = DetectedObject(
            label=label,
            bounding_box=place,
            confidence=None if confidence is None else round(float(confidence), 5),
            index=index,
            mask=None if mask is None else encode(mask),
            frame_number=frame.number,
            attributes=attributes_of(attributes),
        )
        self.frame(frame.number).objects.append(added)
        return added

    def add_keypoints(
        self,
        frame: "Frame",
        label: str,
        points: Sequence[Sequence[float]],
        *,
        confidence: Sequence[float] | None = None,
        index: int | None = None,
        **attributes: JsonValue,
    ) -> Keypoints:
        """Add a group of points (x and y in pixels of ``frame.image()``), with one confidence each, and return it."""
        added = Keypoints(
            label=label,
            points=[list(frame.point(float(x), float(y))) for x, y in points],
            confidence=None if confidence is None else [round(float(value), 5) for value in confidence],
            index=index,
            attributes=attributes_of(attributes),
        )
        self.frame(frame.number).keypoints.append(added)
        return added

    def add_mask(self, frame: "Frame", mask: "NDArray[Any]", names: Mapping[int, str] | None = None) -> None:
        """Set the mask of the whole ``frame``: integers [H, W] at any resolution; ``names`` tells what they mean."""
        labelled = self.frame(frame.number)
        labelled.mask = encode(mask)
        for value, name in (names or {}).items():
            labelled.mask_index[int(value)] = CategoricalAttribute(name="label", value=name)

    def add_frame_attributes(self, frame: "Frame", **attributes: JsonValue) -> None:
        """Add facts about ``frame``, such as ``brightness=12.5``: text, numbers, or booleans."""
        self.frame(frame.number).attributes += attributes_of(attributes)

    def add_attributes(self, **attributes: JsonValue) -> None:
        """Add facts about the whole video: text, numbers, or booleans."""
        self.attributes += attributes_of(attributes)

    def add_event(
        self,
        label: str,
        first: "Frame | int",
        last: "Frame | int",
        *,
        confidence: float | None = None,
        index: int | None = None,
        **attributes: JsonValue,
    ) -> VideoEvent:
        """Add an event from the frame ``first`` to the frame ``last``, both included, and return it."""
        added = VideoEvent(
            label=label,
            support=Support.of(_number(first), _number(last)),
            confidence=None if confidence is None else round(float(confidence), 5),
            index=index,
            attributes=attributes_of(attributes),
        )
        self.events.append(added)
        return added


def attributes_of(values: Mapping[str, JsonValue]) -> list[Attribute]:
    """Return an attribute for each value: text, a number, or a boolean. None is left out.

    Raises:
        TypeError: a value is of another type.
    """
    return [_attribute(name, value) for name, value in values.items() if value is not None]


def _attribute(name: str, value: JsonValue) -> Attribute:
    plain = value.item() if hasattr(value, "item") else value  # a scalar of numpy
    if isinstance(plain, bool):
        return BooleanAttribute(name=name, value=plain)
    if isinstance(plain, int | float):
        return NumericAttribute(name=name, value=plain)
    if isinstance(plain, str):
        return CategoricalAttribute(name=name, value=plain)
    raise TypeError(f"attribute {name!r} must be text, a number or a boolean, not {type(value).__name__}")


def _number(frame: "Frame | int") -> int:
    return frame if isinstance(frame, int) else frame.number
