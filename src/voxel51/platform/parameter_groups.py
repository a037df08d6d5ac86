"""Parameter groups: parameters that many analytics share, described once. An analytic names the groups that it
supports.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import cast

from voxel51.labels.field_types import JsonValue
from voxel51.wire.analytics import AnalyticDocument, AnalyticParameter, ParameterRange


class ParameterGroup(StrEnum):
    """Group of parameters. `voxel51.platform.video` implements all of them."""

    RANGE = "range"  # first_frame, last_frame, start_seconds, end_seconds
    FPS = "fps"
    REGION = "region"
    STRICT = "strict"


_FRAME: ParameterRange = {"minimum": 1}
_SECONDS: ParameterRange = {"minimum": 0}
_RATE: ParameterRange = {"minimum": 0.001, "maximum": 1000}
_STRICT = "Reject a damaged or truncated video instead of analysing the decodable part with a warning."


_REGION = (
    "The part of the frame to analyse: [left, top, width, height] as fractions, 0 to 1, from the top left of the video "
    "as displayed. Results have coordinates of the whole frame."
)

_GROUPS: dict[ParameterGroup, list[tuple[str, str, str, ParameterRange, str]]] = {
    ParameterGroup.RANGE: [
        ("first_frame", "types.Number", "1", _FRAME, "The first frame to analyse, counted from 1."),
        (
            "last_frame",
            "types.Number",
            "250",
            _FRAME,
            "The last frame to analyse. Default: the last frame of the video.",
        ),
        ("start_seconds", "types.Number", "0", _SECONDS, "Analyse only frames from this time on, in seconds."),
        ("end_seconds", "types.Number", "10", _SECONDS, "Analyse only frames up to this time, in seconds."),
    ],
    ParameterGroup.FPS: [
        (
            "fps",
            "types.Number",
            "5",
            _RATE,
            "Number of frames per second to analyse, at equal intervals. Default: all frames.",
        )
    ],
    ParameterGroup.REGION: [("region", "types.Array", "[0, 0, 1, 1]", {}, _REGION)],
    ParameterGroup.STRICT: [("strict", "types.Boolean", "false", {}, _STRICT)],
}
"""Name, type, placeholder, limits and description of each parameter."""


def names_in(groups: Iterable[ParameterGroup]) -> set[str]:
    """Return the names of the parameters of ``groups``."""
    return {name for group in groups for name, *_ in _GROUPS[group]}


def with_parameter_groups(document: AnalyticDocument, groups: Iterable[ParameterGroup]) -> AnalyticDocument:
    """Return the document with the parameters of ``groups`` after its own."""
    parameters, ranges = list(document["parameters"]), dict(document.get("extensions", {}).get("parameters", {}))
    for group in groups:
        for name, kind, placeholder, limits, description in _GROUPS[group]:
            parameters.append(_parameter(name, kind, placeholder, description))
            if limits:
                ranges[name] = limits
    extensions = {**document.get("extensions", {}), "parameters": ranges}
    return cast("AnalyticDocument", {**document, "parameters": parameters, "extensions": extensions})


def _parameter(name: str, kind: str, placeholder: str, description: str) -> AnalyticParameter:
    default: dict[str, JsonValue] = {"default": False} if kind == "types.Boolean" else {}
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
