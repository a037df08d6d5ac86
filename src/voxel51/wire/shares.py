"""Share links: the result of one job, for somebody without an account."""

from typing import NotRequired, TypedDict


class Share(TypedDict):
    """A share link, without its key. ``expires_at`` null: as long as the job is kept."""

    id: str
    created_at: str
    expires_at: str | None


class ShareRequest(TypedDict):
    """Body of ``POST jobs/<id>/shares``: the days until it ends."""

    days: NotRequired[float | None]


class NewShare(TypedDict):
    """Answer of ``POST jobs/<id>/shares``: ``url`` is told once."""

    share: Share
    url: str


class ShareList(TypedDict):
    """Answer of ``GET jobs/<id>/shares``."""

    shares: list[Share]


class SharedJob(TypedDict):
    """A job as whoever holds a link sees it."""

    name: str
    analytic: str
    version: str
    state: str
    completion_date: str | None
    output_filename: str


class SharedJobDetails(TypedDict):
    """Answer of ``GET shared/<key>``."""

    job: SharedJob
