"""Usage ledger: what owners stored and ran in a month."""

from typing import TypedDict


class MonthlyUsage(TypedDict):
    """Usage of one user in one month, in UTC.

    ``byte_seconds`` is the sum of stored bytes times the seconds for which they were stored: divide by the seconds of
    the month for the average. Files of the same content count once. ``stored_bytes`` were stored at the end of the
    month, or are now. ``job_seconds`` is the run time of the jobs that ended; for a job that was restarted, from its
    last start. ``deleted``: whether the account was deleted since.
    """

    username: str
    application: str | None
    deleted: bool
    stored_bytes: int
    byte_seconds: int
    uploaded_bytes: int
    completed: int
    failed: int
    job_seconds: float


class UsageMonth(TypedDict):
    """Response of ``GET admin/usage/months/<month>`` and ``GET apps/usage/months/<month>``.

    ``owners`` are sorted by the run time of their jobs, the longest first.
    """

    month: str
    owners: list[MonthlyUsage]
