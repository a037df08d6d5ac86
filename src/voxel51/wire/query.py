"""Queries: which fields a record has, which of them a search may name, and how a query travels.

A search is a list of terms that must all match. A term is ``field:text`` or ``text`` (any searchable field), its
text may hold alternatives ``a|b``; ``\\`` escapes ``,`` ``:`` ``|`` and itself. Matching is case-insensitive on
substrings; flags compare by truth.
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
)
"""Fields of jobs that a query returns only when they are asked for by name. They are neither searched nor sorted by."""


class QueryDocument(TypedDict, total=False):
    """A query as the Python client sends it: a JSON body on GET, lists joined by commas."""

    fields: str
    search: str
    sort: str
    offset: int
    limit: int
    all_versions: bool
