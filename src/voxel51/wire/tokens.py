"""Token files: the address of a platform and the credentials of a client."""

from typing import TypedDict


class AccessToken(TypedDict, total=False):
    """Entry of a token file. Only ``private_key`` is required."""

    private_key: str
    token_id: str
    created_at: str
    base_api_url: str


class TokenFile(TypedDict):
    """Token file, as users download it."""

    access_token: AccessToken


DEFAULT_BASE_URL = "http://127.0.0.1:5151"
"""The platform of a token without an address: this machine, never a third party's host."""

API_VERSION = "v1"
"""First path segment of every route. ``base_api_url`` does not contain it; ``API_BASE_URL`` of a job does."""
