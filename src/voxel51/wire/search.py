"""Search over what the labels of jobs say."""

from typing import TypedDict


class SpanRecord(TypedDict):
    """Something that is there for a while: an ``object`` or an ``event`` (``kind``), in frames counted from 1."""

    kind: str
    label: str
    track: int | None
    text: str | None
    first_frame: int
    last_frame: int
    frame_count: int
    seconds: float
    confidence: float | None


class SpanReport(TypedDict):
    """What the labels of a job say, in short; not ``is_complete`` where there was more."""

    spans: list[SpanRecord]
    is_complete: bool


class FoundLabel(TypedDict):
    """How often a label was found in one job: spans, frames in them, their seconds, and the first of them."""

    spans: int
    frames: int
    seconds: float
    ranges: list[tuple[int, int]]


class LabelMatch(TypedDict):
    """One job that matches. ``together`` are the frames in which all the labels are there at once."""

    job_id: str
    job_name: str
    analytic: str
    version: str
    data_id: str | None
    filename: str | None
    found: dict[str, FoundLabel]
    together: list[tuple[int, int]]


class LabelMatches(TypedDict):
    """Answer of ``GET labels``; ``count`` is the matches before offset and limit."""

    matches: list[LabelMatch]
    count: int


class KnownLabel(TypedDict):
    """A label that some job found: in how many jobs, how often, and for how long."""

    label: str
    kind: str
    jobs: int
    spans: int
    seconds: float


class KnownLabels(TypedDict):
    """Answer of ``GET labels/names``."""

    labels: list[KnownLabel]
