"""Rendition specifications: the table of all renditions, with the arguments of each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from voxel51.server.errors import BadRequest
from voxel51.server.parameters import QueryParameter, Schema, number_of

Arguments = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class RenditionSpec:
    """Specification of one rendition.

    Attributes:
        name: name in the path.
        summary: description for the API reference.
        filename: function from the arguments to the name of the file; its suffix decides the media type.
        arguments: arguments in the query string; defaults are in the schemas.
        needs_video: whether the job that makes it reads the video, and not only the labels.
        check: function that raises BadRequest if arguments contradict each other.
    """

    name: str
    summary: str
    filename: Callable[[Arguments], str]
    arguments: Mapping[str, QueryParameter] = field(default_factory=dict)
    needs_video: bool = True
    check: Callable[[Arguments], None] = lambda _: None

    def read(self, given: Mapping[str, str]) -> Arguments:
        """Return the arguments of a request, converted, with defaults filled in; ignore unknown ones.

        Raises:
            BadRequest: an argument is invalid, or arguments contradict each other.
        """
        values = {name: _value(name, argument.schema, given.get(name)) for name, argument in self.arguments.items()}
        present = {name: value for name, value in values.items() if value is not None}
        self.check(present)
        return present


def _fixed(filename: str) -> Callable[[Arguments], str]:
    return lambda _: filename


_WIDTH = {"type": "integer", "minimum": 16, "maximum": 3840}
_NUMBER = QueryParameter("number of the frame, from 1", {"type": "integer", "minimum": 1, "maximum": 2**40})
_TIME = QueryParameter(
    "time in seconds; the frame shown at that time", {"type": "number", "minimum": 0, "maximum": 10**9}
)
_FRAME_ARGUMENTS = {
    "number": _NUMBER,
    "time": _TIME,
    "width": QueryParameter("width in pixels; default: the width of the video", _WIDTH),
    "image": QueryParameter("format of the image", {"type": "string", "enum": ["jpg", "png"], "default": "jpg"}),
}


def _check_frame(arguments: Arguments) -> None:
    if ("number" in arguments) == ("time" in arguments):
        raise BadRequest("Either 'number' (of the frame, from 1) or 'time' (in seconds) is required")


def _check_clip(arguments: Arguments) -> None:
    if not arguments.keys() & {"first", "last", "start", "end"}:
        raise BadRequest("'first' and 'last' (numbers of frames) or 'start' and 'end' (in seconds) are required")
    for begin, end in (("first", "last"), ("start", "end")):
        if begin in arguments and end in arguments and float(arguments[begin]) > float(arguments[end]):
            raise BadRequest(f"'{end}' is {arguments[end]}, which comes before '{begin}', {arguments[begin]}")


_FRAME = RenditionSpec(
    "frame", "One frame, exactly", lambda given: f"frame.{given['image']}", _FRAME_ARGUMENTS, check=_check_frame
)


def _by_name(*specs: RenditionSpec) -> Mapping[str, RenditionSpec]:
    return {spec.name: spec for spec in specs}


DATA_RENDITIONS = _by_name(
    RenditionSpec(
        "playable",
        "The video in a form that every browser plays, with the same frames",
        _fixed("playable.mp4"),
        {
            "height": QueryParameter(
                "largest height in pixels", {"type": "integer", "minimum": 16, "maximum": 2160, "default": 1080}
            )
        },
    ),
    RenditionSpec("index", "Index of the frames: when each is shown", _fixed("index.json")),
    RenditionSpec(
        "poster",
        "One image that represents the video",
        _fixed("poster.jpg"),
        {"width": QueryParameter("width in pixels", {**_WIDTH, "default": 320})},
    ),
    RenditionSpec(
        "thumbnails",
        "Frames spread evenly over the video, in one image with ten columns",
        _fixed("thumbnails.jpg"),
        {
            "count": QueryParameter(
                "number of frames", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
            ),
            "width": QueryParameter(
                "width of each in pixels", {"type": "integer", "minimum": 16, "maximum": 640, "default": 160}
            ),
        },
    ),
    _FRAME,
    RenditionSpec(
        "clip",
        "A part of the video in a form that every browser plays",
        _fixed("clip.mp4"),
        {
            "first": QueryParameter("number of its first frame, from 1", _NUMBER.schema),
            "last": QueryParameter("number of its last frame", _NUMBER.schema),
            "start": QueryParameter("time in seconds at which it begins", _TIME.schema),
            "end": QueryParameter("time in seconds at which it ends", _TIME.schema),
        },
        check=_check_clip,
    ),
)
"""Renditions of a video, by name."""

FACTS = RenditionSpec("facts", "Duration, resolution, frame rate and codecs", _fixed("facts.json"))
"""Facts of a video or audio file, which only the preparation asks for: they become columns of the data."""

_OVERLAP = QueryParameter(
    "overlap (IoU) from which two boxes count as the same",
    {"type": "number", "minimum": 0.05, "maximum": 0.95, "default": 0.5},
)

PARQUET = {"format": "parquet"}
"""Arguments of the labels of a job as SQL reads them."""

FORMATS: Mapping[str, str] = {
    "coco": "labels.coco.json",
    "yolo": "labels.yolo.zip",
    "mot": "labels.mot.zip",
    "cvat": "labels.cvat.xml",
    "voc": "labels.voc.zip",
    "csv": "labels.csv",
    "parquet": "labels.parquet",
}
"""Filenames of labels by format, besides the native format."""


def _check_format(arguments: Arguments) -> None:
    if "format" not in arguments:
        raise BadRequest(f"'format' is required: one of {', '.join(FORMATS)}")


def _exactly_one(first: str, second: str) -> Callable[[Arguments], None]:
    def check(arguments: Arguments) -> None:
        if (first in arguments) == (second in arguments):
            raise BadRequest(f"Either '{first}' or '{second}' is required: the id of what to compare with")

    return check


def _id(summary: str) -> QueryParameter:
    return QueryParameter(summary, {"type": "string", "minLength": 1})


_REVIEW = _id("id of a review of the job, whose labels are used instead of the output")


_POINT = r"(?:0(?:\.\d+)?|1(?:\.0+)?),(?:0(?:\.\d+)?|1(?:\.0+)?)"
_LEAST_POINTS = {"zone": 3, "line": 2}
_MOST_POINTS = {"zone": 50, "line": 2}


def check_points(arguments: Mapping[str, object]) -> None:
    """Raise BadRequest unless ``zone`` and ``line`` are points, where they are given."""
    for name, least in _LEAST_POINTS.items():
        points = str(arguments[name]).split(";") if arguments.get(name) else []
        if not points:
            continue
        most = _MOST_POINTS[name]
        if not least <= len(points) <= most or not all(re.fullmatch(_POINT, point) for point in points):
            wanted = f"{least} points" if least == most else f"{least} to {most} points"
            where = "as x,y;x,y in relative coordinates from 0 to 1"
            raise BadRequest(f"'{name}' must be {wanted} {where}, not {arguments[name]!r:.100}")


JOB_CHARTS = ("classes", "timeline", "lengths", "speeds", "zone", "line")
"""Charts of a job that are written as CSV or PNG."""

_THEME = QueryParameter(
    "colours of a PNG: dark text on white, or light text on a dark background",
    {"type": "string", "enum": ["light", "dark"], "default": "light"},
)


def _check_charts(arguments: Arguments) -> None:
    check_points(arguments)
    chart, output_format = arguments.get("chart"), arguments["format"]
    if (chart is None) != (output_format == "json"):
        raise BadRequest(
            f"'chart' is required for csv and png, each of which has one chart: {', '.join(JOB_CHARTS)}"
            if chart is None
            else f"'chart' ({chart!r}) needs 'format' csv or png. JSON has all charts"
        )
    if chart in _LEAST_POINTS and chart not in arguments:
        raise BadRequest(f"The chart {chart!r} needs '{chart}', its points as x,y;x,y")


def _points(summary: str) -> QueryParameter:
    return QueryParameter(f"{summary}, as x,y;x,y in relative coordinates from 0 to 1", {"type": "string"})


ZONE = _points("corners of a zone, in which the middle of the lower side of the box must be")


JOB_RENDITIONS = _by_name(
    RenditionSpec("annotated", "The video with the labels drawn into it", _fixed("annotated.mp4")),
    RenditionSpec("sheet", "One image that summarizes what is in the video", _fixed("sheet.jpg")),
    RenditionSpec(
        _FRAME.name, "One frame with its labels drawn into it", _FRAME.filename, _FRAME.arguments, check=_check_frame
    ),
    RenditionSpec(
        "labels",
        "The labels in a format of other tools",
        lambda given: FORMATS[str(given["format"])],
        {"format": QueryParameter("format of the file", {"type": "string", "enum": [*FORMATS]}), "review": _REVIEW},
        needs_video=False,
        check=_check_format,
    ),
    RenditionSpec(
        "evaluation",
        "Evaluation of the labels against true labels: uploaded ones, or what a review accepted",
        _fixed("evaluation.json"),
        {
            "truth": _id("id of the data with the true labels"),
            "truth_review": _id("id of the review whose accepted labels are the true ones"),
            "review": _REVIEW,
            "overlap": _OVERLAP,
        },
        needs_video=False,
        check=_exactly_one("truth", "truth_review"),
    ),
    RenditionSpec(
        "comparison",
        "Comparison of the labels with those of another job, or of a review",
        _fixed("comparison.json"),
        {
            "with": _id("id of the other job"),
            "with_review": _id("id of the review whose labels are the others"),
            "review": _REVIEW,
            "overlap": _OVERLAP,
        },
        needs_video=False,
        check=_exactly_one("with", "with_review"),
    ),
    RenditionSpec(
        "charts",
        "Counts by class, over time, of lengths and speeds of tracks, in a zone and over a line",
        lambda given: f"{given.get('chart', 'charts')}.{given['format']}",
        {
            "zone": _points("corners of a zone, in which the time of tracks is measured"),
            "line": _points("two points of a line, whose crossings are counted"),
            "format": QueryParameter(
                "format of the file: JSON of all charts; or CSV or PNG of one",
                {"type": "string", "enum": ["json", "csv", "png"], "default": "json"},
            ),
            "chart": QueryParameter("the chart of a CSV or PNG", {"type": "string", "enum": [*JOB_CHARTS]}),
            "theme": _THEME,
        },
        needs_video=False,
        check=_check_charts,
    ),
)
"""Renditions of the labels of a job, by name."""

DATASET_RENDITIONS = _by_name(
    RenditionSpec("archive", "The dataset as a zip file", _fixed("dataset.zip")),
    RenditionSpec("estimate", "Number of frames and boxes of the dataset, and its size", _fixed("estimate.json")),
)
"""Renditions of a dataset, by name."""

MAX_SQL_LENGTH = 10_000

SQL_FORMATS = ("json", "csv", "parquet")


def _check_sql(arguments: Arguments) -> None:
    sql = str(arguments.get("sql", ""))
    if not 1 <= len(sql) <= MAX_SQL_LENGTH:
        raise BadRequest(
            f"'sql' is required: a SELECT statement of at most {MAX_SQL_LENGTH} characters, not {len(sql)}"
        )


SQL_RENDITION = RenditionSpec(
    "sql",
    "Query your labels with SQL",
    lambda given: f"result.{given['format']}",
    {
        "sql": QueryParameter(
            f"a SELECT statement of at most {MAX_SQL_LENGTH} characters", {"type": "string", "minLength": 1}
        ),
        "format": QueryParameter("format of the result", {"type": "string", "enum": [*SQL_FORMATS], "default": "json"}),
        "labels": QueryParameter("hash of the labels that are queried", {"type": "string"}),
    },
    needs_video=False,
    check=_check_sql,
)
"""Result of a query over the labels of one owner. The platform fills in ``labels``."""

CHART_RENDITION = replace(
    SQL_RENDITION,
    filename=lambda given: f"{given['chart']}.{given['format']}",
    arguments={
        **SQL_RENDITION.arguments,
        "format": QueryParameter(
            "format of the chart: its rows, or a picture",
            {"type": "string", "enum": [*SQL_FORMATS, "png"], "default": "json"},
        ),
        "chart": QueryParameter("name of the chart", {"type": "string"}),
        "theme": _THEME,
    },
)
"""Chart of the labels of a set of videos: the result of a query, or its picture."""


def _value(name: str, schema: Schema, text: str | None) -> str | int | float | None:
    """Return the value of an argument as its JSON schema says; None if it is absent and has no default."""
    if text is None or text == "":
        default: str | int | float | None = schema.get("default")
        return default
    if schema["type"] != "string":
        return number_of(name, schema, text)
    if text not in schema.get("enum", [text]):
        raise BadRequest(f"'{name}' must be one of {', '.join(schema['enum'])}, not {text!r:.100}")
    return text
