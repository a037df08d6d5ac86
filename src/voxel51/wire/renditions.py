"""Renditions: what can be made of data and results to look at them, or to read them elsewhere."""

from typing import TypedDict


class PendingRendition(TypedDict):
    """Answer with status 202: the rendition is being made. ``state`` is QUEUED, SCHEDULED or RUNNING.

    ``fraction`` of it is done, in 0 to 1; null while that is not known.
    """

    rendition: str
    state: str
    fraction: float | None


class RenditionRecord(TypedDict):
    """One rendition that is kept, or being made. ``used_at`` is when somebody last asked for it."""

    rendition: str
    filename: str
    state: str
    used_at: str


class RenditionList(TypedDict):
    """Answer of ``GET data/<id>/renditions`` and ``GET jobs/<id>/renditions``."""

    renditions: list[RenditionRecord]
