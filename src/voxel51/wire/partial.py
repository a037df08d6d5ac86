"""Partial results: labels of a job that were found so far, sent while the job runs.

A running job sends them in parts, each of which is a document of labels of a video. Parts are numbered from 1. If a
frame is in several parts, the last one counts.
"""

from typing import TypedDict

from voxel51.wire.documents import JsonObject

MAX_PART_BYTES = 4 * 1024 * 1024
"""Largest part, as JSON. Jobs send it gzipped."""


class PartialState(TypedDict):
    """Entry ``partial`` of a task description: the platform takes partial results.

    Attributes:
        parts: number of parts that earlier attempts at the job left. The first part of this attempt is the next one.
    """

    parts: int


class PartialLabels(TypedDict):
    """Response of ``GET jobs/<id>/partial``: the labels that are new since a cursor.

    Attributes:
        state: state of the job. Partial results remain after a failure. A COMPLETE job has none: download its output.
        parts: documents of labels of a video, in order.
        cursor: send it with the next request to get later parts only.
        is_restarted: the job began again since the cursor of the request, so discard the labels received before.
        has_more: more parts are there already. Send the next request at once.
    """

    state: str
    parts: list[JsonObject]
    cursor: str
    is_restarted: bool
    has_more: bool
