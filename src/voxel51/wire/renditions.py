"""Renditions: files that the platform derives from data and job outputs, such as thumbnails, proxies and exports."""

from typing import TypedDict


class PendingRendition(TypedDict):
    """Response with status 202: the rendition is not ready. ``state`` is QUEUED, SCHEDULED or RUNNING.

    ``fraction`` is the progress from 0 to 1; null while it is unknown.
    """

    rendition: str
    state: str
    fraction: float | None


class RenditionRecord(TypedDict):
    """One rendition, ready or pending. ``used_at`` is the time of its last request."""

    rendition: str
    filename: str
    state: str
    used_at: str


class RenditionList(TypedDict):
    """Response of ``GET data/<id>/renditions`` and ``GET jobs/<id>/renditions``."""

    renditions: list[RenditionRecord]
