"""Parameters that every analytic takes, described once: an analytic names the groups that it understands."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, cast

from voxel51.wire.analytics import AnalyticDocument, AnalyticParameter, ParameterRange


class ParameterGroup(StrEnum):
    """A group of parameters. `voxel51.platform.frames` obeys all of them."""

    RANGE = "range"  # first_frame, last_frame, start_seconds, end_seconds
    FPS = "fps"
    REGION = "region"
    STRICT = "strict"


_FRAME: ParameterRange = {"minimum": 1}
_SECONDS: ParameterRange = {"minimum": 0}
_RATE: ParameterRange = {"minimum": 0.001, "maximum": 1000}
_STRICT = "Refuse a damaged or short video instead of analysing it as far as it decodes, with a warning."

_WHERE = (
    "The part of the picture that is looked at: [left, top, width, height] as shares of it, 0 to 1, from the top left "
    "as the video is displayed. What is found is placed in the whole picture."
)

_GROUPS: dict[ParameterGroup, list[tuple[str, str, str, ParameterRange, str]]] = {
    ParameterGroup.RANGE: [
        ("first_frame", "types.Number", "1", _FRAME, "The first frame that is looked at, counted from 1."),
        ("last_frame", "types.Number", "250", _FRAME, "The last frame that is looked at; else it is the video's last."),
        ("start_seconds", "types.Number", "0", _SECONDS, "Frames that are shown earlier than this are not looked at."),
        ("end_seconds", "types.Number", "10", _SECONDS, "Frames that are shown later than this are not looked at."),
    ],
    ParameterGroup.FPS: [
        ("fps", "types.Number", "5", _RATE, "How many frames a second are looked at, evenly in time; else it is all.")
    ],
    ParameterGroup.REGION: [("region", "types.Array", "[0, 0, 1, 1]", {}, _WHERE)],
    ParameterGroup.STRICT: [("strict", "types.Boolean", "false", {}, _STRICT)],
}
"""Name, type, placeholder, limits and description of each parameter."""


def with_parameter_groups(document: AnalyticDocument, groups: Iterable[ParameterGroup]) -> AnalyticDocument:
    """The document, its own parameters followed by those of ``groups``."""
    parameters, ranges = list(document["parameters"]), dict(document.get("extensions", {}).get("parameters", {}))
    for group in groups:
        for name, kind, placeholder, limits, description in _GROUPS[group]:
            parameters.append(_parameter(name, kind, placeholder, description))
            if limits:
                ranges[name] = limits
    extensions = {**document.get("extensions", {}), "parameters": ranges}
    return cast("AnalyticDocument", {**document, "parameters": parameters, "extensions": extensions})


def _parameter(name: str, kind: str, placeholder: str, description: str) -> AnalyticParameter:
    default: dict[str, Any] = {"default": False} if kind == "types.Boolean" else {}
    return cast(
        "AnalyticParameter",
        {
            "name": name,
            "type": kind,
            "description": description,
            "placeholder": placeholder,
            "required": False,
            **default,
        },
    )
