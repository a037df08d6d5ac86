"""Label search: the spans of labels that jobs found, and the matches of a search."""

from typing import TypedDict


class SpanRecord(TypedDict):
    """Span of frames in which an object or an event is present. ``kind`` is ``object`` or ``event``.

    Frames are counted from 1.
    """

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
    """Summary of the labels of a job. ``is_complete`` is false if spans were left out."""

    spans: list[SpanRecord]
    is_complete: bool


class FoundLabel(TypedDict):
    """Occurrences of a label in one job: number of spans, frames and seconds of video, and the first frame ranges.

    Spans at the same time, such as those of two cars, count once in ``frames`` and ``seconds``.
    """

    spans: int
    frames: int
    seconds: float
    ranges: list[tuple[int, int]]


class LabelMatch(TypedDict):
    """One job that matches. ``together`` is the frame ranges in which all the labels occur at once."""

    job_id: str
    job_name: str
    analytic: str
    version: str
    data_id: str | None
    filename: str | None
    found: dict[str, FoundLabel]
    together: list[tuple[int, int]]


class LabelMatches(TypedDict):
    """Response of ``GET labels``.

    ``count`` is the number of matches before offset and limit. ``is_count_exact`` is false if there may be more: if
    more than 1,000 jobs have the labels, only those up to this page are counted.
    """

    matches: list[LabelMatch]
    count: int
    is_count_exact: bool


class KnownLabel(TypedDict):
    """Label that a job found: in how many jobs, in how many spans, and for how many seconds of video.

    Spans at the same time, and spans of several jobs on the same video, count once in ``seconds``.
    """

    label: str
    kind: str
    jobs: int
    spans: int
    seconds: float


class KnownLabels(TypedDict):
    """Response of ``GET labels/names``."""

    labels: list[KnownLabel]
