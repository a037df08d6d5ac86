"""Renditions: files that the platform derives from data and job outputs, such as thumbnails, proxies and exports."""

from typing import NotRequired, TypedDict


class LabelConversions(TypedDict):
    """Results whose labels a query reads: how many, and how many of them have been converted for it."""

    done: int
    total: int


class PendingRendition(TypedDict):
    """Response with status 202: the rendition is not ready. ``state`` is QUEUED, SCHEDULED or RUNNING.

    ``fraction`` is the progress from 0 to 1; null while it is unknown. ``conversions`` is there while a query over
    labels waits for them.
    """

    rendition: str
    state: str
    fraction: float | None
    conversions: NotRequired[LabelConversions]


class RenditionRecord(TypedDict):
    """One rendition, ready or pending. ``used_at`` is the time of its last request."""

    rendition: str
    filename: str
    state: str
    used_at: str


class RenditionList(TypedDict):
    """Response of ``GET data/<id>/renditions`` and ``GET jobs/<id>/renditions``."""

    renditions: list[RenditionRecord]


class CountedAnalytic(TypedDict):
    """Analytic, and the number of videos of a set of which it has labels."""

    analytic: str
    videos: int


class LabelSetDetails(TypedDict):
    """Response of ``GET labels/charts``: what can be counted in a set of videos.

    Attributes:
        analytics: analytics with results in the set; a chart counts those of one.
        charts: names of the charts that can be made.
        videos_with_time: number of videos whose time of capture is known: the chart ``hours`` counts these.
        is_complete: false if there are more results than charts read. The newest are read.
    """

    analytics: list[CountedAnalytic]
    charts: list[str]
    videos_with_time: int
    is_complete: bool
