"""Share links: the result of one job, for somebody without an account."""

from typing import NotRequired, TypedDict


class Share(TypedDict):
    """A share link, without its key. ``expires_at`` null: as long as the job is kept; ``video``: it shows that, too."""

    id: str
    video: bool
    created_at: str
    expires_at: str | None


class ShareRequest(TypedDict):
    """Body of ``POST jobs/<id>/shares``: the days until it ends, and whether the video with its labels is seen, too."""

    days: NotRequired[float | None]
    video: NotRequired[bool]


class NewShare(TypedDict):
    """Answer of ``POST jobs/<id>/shares``. Both addresses are told once: ``url`` of a page to look at, ``api_url`` for
    programs."""

    share: Share
    url: str
    api_url: str


class ShareList(TypedDict):
    """Answer of ``GET jobs/<id>/shares``."""

    shares: list[Share]


class SharedJob(TypedDict):
    """A job as whoever holds a link sees it. ``video``: its renditions ``annotated`` and ``sheet`` may be asked for."""

    name: str
    analytic: str
    version: str
    state: str
    completion_date: str | None
    output_filename: str
    video: bool


class SharedJobDetails(TypedDict):
    """Answer of ``GET shared/<key>``."""

    job: SharedJob
