"""Which renditions there are, and what each may be asked for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from voxel51.server.errors import BadRequest
from voxel51.server.parameters import QueryParameter

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RenditionSpec:
    """One kind of rendition.

    Attributes:
        name: as in the path.
        summary: what the caller gains.
        filename: what a rendition is called, by its arguments; its suffix says what it is.
        arguments: what callers may say in the query string; defaults are in the schemas.
        needs_video: whether it shows the video that a job looked at, and not its labels alone.
        check: raises BadRequest where arguments do not go together.
    """

    name: str
    summary: str
    filename: Callable[[Arguments], str]
    arguments: Mapping[str, QueryParameter] = field(default_factory=dict)
    needs_video: bool = True
    check: Callable[[Arguments], None] = lambda _: None

    def read(self, given: Mapping[str, str]) -> Arguments:
        """The arguments of a request, converted, with defaults filled in; others are ignored.

        Raises:
            BadRequest: one has a value it cannot have, or they do not go together.
        """
        values = {name: _value(name, argument.schema, given.get(name)) for name, argument in self.arguments.items()}
        present = {name: value for name, value in values.items() if value is not None}
        self.check(present)
        return present


def _named(filename: str) -> Callable[[Arguments], str]:
    return lambda _: filename


_WIDTH = {"type": "integer", "minimum": 16, "maximum": 3840}
_NUMBER = QueryParameter("number of the frame, from 1", {"type": "integer", "minimum": 1, "maximum": 2**40})
_TIME = QueryParameter("seconds; the frame that is shown then", {"type": "number", "minimum": 0, "maximum": 10**9})
_FRAME_ARGUMENTS = {
    "number": _NUMBER,
    "time": _TIME,
    "width": QueryParameter("pixels it is shrunk to; as large as the video where not given", _WIDTH),
    "image": QueryParameter("format of the picture", {"type": "string", "enum": ["jpg", "png"], "default": "jpg"}),
}


def _check_frame(arguments: Arguments) -> None:
    if ("number" in arguments) == ("time" in arguments):
        raise BadRequest("Say which frame: either 'number', counted from 1, or 'time', in seconds")


def _check_clip(arguments: Arguments) -> None:
    if not arguments.keys() & {"first", "last", "start", "end"}:
        raise BadRequest("Say what to cut out: 'first' and 'last' frame, or 'start' and 'end' in seconds")
    for begin, end in (("first", "last"), ("start", "end")):
        if begin in arguments and end in arguments and arguments[begin] > arguments[end]:
            raise BadRequest(f"'{end}' is {arguments[end]}, which comes before '{begin}', {arguments[begin]}")


_FRAME = RenditionSpec(
    "frame", "One frame, exactly", lambda given: f"frame.{given['image']}", _FRAME_ARGUMENTS, check=_check_frame
)

DATA_RENDITIONS: Mapping[str, RenditionSpec] = {
    spec.name: spec
    for spec in (
        RenditionSpec("playable", "The video as every browser plays it, frame for frame", _named("playable.mp4"),
             {"height": QueryParameter("pixels it is shrunk to", {"type": "integer", "minimum": 16, "maximum": 2160,
                                                            "default": 1080})}),
        RenditionSpec("index", "When each frame is shown", _named("index.json")),
        RenditionSpec("poster", "A picture that stands for the video", _named("poster.jpg"),
             {"width": QueryParameter("pixels", {**_WIDTH, "default": 320})}),
        RenditionSpec("thumbnails", "Frames spread evenly over the video, in one picture of ten columns",
             _named("thumbnails.jpg"),
             {"count": QueryParameter("how many", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
              "width": QueryParameter("pixels of each", {**_WIDTH, "maximum": 640, "default": 160})}),
        _FRAME,
        RenditionSpec("clip", "A part of the video, as every browser plays it", _named("clip.mp4"),
             {"first": QueryParameter("number of its first frame, from 1", _NUMBER.schema),
              "last": QueryParameter("number of its last frame", _NUMBER.schema),
              "start": QueryParameter("seconds at which it begins", _TIME.schema),
              "end": QueryParameter("seconds at which it ends", _TIME.schema)}, check=_check_clip),
    )
}  # fmt: skip
"""Of a video."""

_OVERLAP = QueryParameter(
    "how much boxes must overlap (IoU) to be the same",
    {"type": "number", "minimum": 0.05, "maximum": 0.95, "default": 0.5},
)

FORMATS: Mapping[str, str] = {
    "coco": "labels.coco.json",
    "yolo": "labels.yolo.zip",
    "mot": "labels.mot.zip",
    "cvat": "labels.cvat.xml",
    "voc": "labels.voc.zip",
    "csv": "labels.csv",
    "parquet": "labels.parquet",
}
"""Formats of labels beside the native one, and what files of each are called."""


def _check_format(arguments: Arguments) -> None:
    if "format" not in arguments:
        raise BadRequest(f"Say which 'format': {', '.join(FORMATS)}")


def _check_other(name: str) -> Callable[[Arguments], None]:
    def check(arguments: Arguments) -> None:
        if name not in arguments:
            raise BadRequest(f"Say what to compare with: '{name}'")

    return check


JOB_RENDITIONS: Mapping[str, RenditionSpec] = {
    spec.name: spec
    for spec in (
        RenditionSpec("annotated", "The video with the labels drawn into it", _named("annotated.mp4")),
        RenditionSpec("sheet", "One picture of what is in the video", _named("sheet.jpg")),
        RenditionSpec(_FRAME.name, "One frame with its labels drawn into it", _FRAME.filename, _FRAME.arguments,
             check=_check_frame),
        RenditionSpec("labels", "The labels as other tools read them",
             lambda given: FORMATS[given["format"]],
             {"format": QueryParameter("of the file", {"type": "string", "enum": [*FORMATS]})}, needs_video=False,
             check=_check_format),
        RenditionSpec("evaluation", "Evaluation of the labels against uploaded true labels",
                      _named("evaluation.json"),
             {"truth": QueryParameter("id of the data with the true labels", {"type": "string", "minLength": 1}),
              "overlap": _OVERLAP}, needs_video=False, check=_check_other("truth")),
        RenditionSpec("comparison", "How the labels differ from those of another job", _named("comparison.json"),
             {"with": QueryParameter("id of the other job", {"type": "string", "minLength": 1}), "overlap": _OVERLAP},
             needs_video=False, check=_check_other("with")),
    )
}  # fmt: skip
"""Of the labels that a job left."""


def _value(name: str, schema: Mapping[str, Any], text: str | None) -> Any:
    if text is None or text == "":
        return schema.get("default")
    if schema["type"] == "string":
        if text not in schema.get("enum", [text]):
            raise BadRequest(f"'{name}' is {', '.join(schema['enum'])}, not {text!r:.100}")
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, bool) or not isinstance(value, int if schema["type"] == "integer" else int | float):
        raise BadRequest(
            f"'{name}' is {'a whole number' if schema['type'] == 'integer' else 'a number'}, not {text!r:.100}"
        )
    if not schema["minimum"] <= value <= schema["maximum"]:
        raise BadRequest(f"'{name}' is from {schema['minimum']} to {schema['maximum']}, not {text!r:.100}")
    return value
