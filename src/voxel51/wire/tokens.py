"""The token file: what a client needs to reach a platform."""

from typing import TypedDict


class AccessToken(TypedDict, total=False):
    """The one entry of a token file. Only ``private_key`` is always there."""

    private_key: str
    token_id: str
    created_at: str
    base_api_url: str


class TokenFile(TypedDict):
    """A token file, as people download it."""

    access_token: AccessToken


DEFAULT_BASE_URL = "http://127.0.0.1:5151"
"""Where a client looks when its token names no platform: one's own machine, never a third party's host."""

API_VERSION = "v1"
"""First path segment of every route; ``base_api_url`` does not contain it, ``API_BASE_URL`` of a job does."""
