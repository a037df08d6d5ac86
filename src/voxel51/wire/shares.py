"""Share links: access to the result of one job without an account."""

from typing import NotRequired, TypedDict


class Share(TypedDict):
    """Share link, without its key.

    ``expires_at`` is null if the link lasts as long as the job; ``video`` says whether it includes the video.
    """

    id: str
    video: bool
    created_at: str
    expires_at: str | None


class ShareRequest(TypedDict):
    """Body of ``POST jobs/<id>/shares``: the lifetime in days, and whether to include the video with its labels."""

    days: NotRequired[float | None]
    video: NotRequired[bool]


class NewShare(TypedDict):
    """Response of ``POST jobs/<id>/shares``. ``url`` is a page, ``api_url`` is for programs; both are shown once.

    ``embed_url`` is the page for a frame (iframe); null unless the operator allows origins to embed results.
    """

    share: Share
    url: str
    api_url: str
    embed_url: str | None


class ShareList(TypedDict):
    """Response of ``GET jobs/<id>/shares``."""

    shares: list[Share]


class SharedJob(TypedDict):
    """Job as a share link shows it. With ``video``, its renditions ``annotated`` and ``sheet`` can be requested."""

    name: str
    analytic: str
    version: str
    state: str
    completion_date: str | None
    output_filename: str
    video: bool


class SharedJobDetails(TypedDict):
    """Response of ``GET shared/<key>``."""

    job: SharedJob


class OEmbed(TypedDict):
    """Response of ``GET oembed``, of the type ``rich`` of oEmbed 1.0."""

    version: str
    type: str
    title: str
    provider_name: str
    provider_url: str
    html: str
    width: int
    height: int
