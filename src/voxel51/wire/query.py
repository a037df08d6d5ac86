"""Queries: the fields of each type of record, the search syntax, and the JSON form of a query.

A search is a list of terms that must all match. A term is ``field:text``, or ``text`` for any searchable field. The
text may contain alternatives ``a|b``; ``\\`` escapes ``,`` ``:`` ``|`` and itself. Texts match substrings and ignore
case; flags match by their truth value.
"""

from typing import TypedDict

ANALYTICS_FIELDS = (
    "id",
    "name",
    "version",
    "scope",
    "supports_cpu",
    "supports_gpu",
    "pending",
    "upload_date",
    "description",
)
DATA_FIELDS = ("id", "name", "size", "type", "upload_date", "expiration_date", "encoding")
MEDIA_FIELDS = (
    "duration_seconds",
    "frame_rate",
    "frame_count",
    "width",
    "height",
    "video_codec",
    "audio_codec",
    "has_audio",
)
"""Facts of videos and audio files. A query returns them only if it names them; it can search and sort by them."""

DATA_COMPUTED_FIELDS = ("analytics", "labels", "tags", "metadata", "collections")
"""Fields of data that a query returns only if it names them, and by which it cannot sort."""

DATA_FURTHER_FIELDS = (*MEDIA_FIELDS, *DATA_COMPUTED_FIELDS)
"""Fields of data that a query returns only if it names them."""

JOBS_FIELDS = (
    "id",
    "name",
    "state",
    "archived",
    "upload_date",
    "expiration_date",
    "expired",
    "analytic_id",
    "compute_mode",
    "auto_start",
    "start_date",
    "completion_date",
    "fail_date",
    "failure_type",
)
JOBS_FURTHER_FIELDS = (
    "analytic",
    "version",
    "output_filename",
    "frame_count",
    "duration_seconds",
    "size_bytes",
    "failure_message",
    "progress",
    "eta_seconds",
    "queue_position",
    "inputs",
    "scheduling",
    "split",
    "reused",
    "waiting_reason",
    "estimated_start",
    "estimated_completion",
)
"""Fields of jobs that a query returns only if it names them. They cannot be searched or sorted by."""


class QueryDocument(TypedDict, total=False):
    """Query as the Python client sends it: a JSON body on GET, lists joined by commas."""

    fields: str
    search: str
    sort: str
    offset: int
    limit: int
    all_versions: bool
    cursor: str


class ListPage(TypedDict):
    """Part of a response that every list has.

    ``count`` is the number of matches before offset and limit. ``is_count_exact`` is false if there may be more: they
    are counted up to 10,000, or up to 1,000 in a search for a part of a text. ``next_cursor`` is the parameter
    ``cursor`` of the same query for the next page, which takes the place of an offset; it is null on the last page, and
    without a limit. After a cursor, the count is that of the first page.
    """

    count: int
    is_count_exact: bool
    next_cursor: str | None
