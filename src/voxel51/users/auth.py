"""Tokens: what gives access to a platform, where it is found, how it is made the active one."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from voxel51.transport.secrets import SecretHeaders, shown
from voxel51.users.tokens import SomeToken, TokenPlaces
from voxel51.users.utils import Serializable
from voxel51.wire.headers import AUTHORIZATION, BEARER
from voxel51.wire.tokens import DEFAULT_BASE_URL, AccessToken

logger = logging.getLogger(__name__)

TOKEN_ENV_VAR = "VOXEL51_API_TOKEN"  # noqa: S105  (the name of a variable)
PRIVATE_KEY_ENV_VAR = "VOXEL51_API_PRIVATE_KEY"
BASE_API_URL_ENV_VAR = "VOXEL51_API_BASE_URL"
TOKEN_PATH = str(Path("~").expanduser() / ".voxel51" / "api-token.json")
DEFAULT_BASE_API_URL = DEFAULT_BASE_URL
HELP_URL = "https://voxel51.com/docs/api/?python#authentication"
ACCESS_TOKEN_FIELD = "access_token"  # noqa: S105  (the name of a field)
PRIVATE_KEY_FIELD = "private_key"
TOKEN_ENVIRON_VAR = TOKEN_ENV_VAR


class TokenError(Exception):
    """There is no token, or it is no good. The text says which file and why."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}. See {HELP_URL} for more information about activating an API token.")


TokenLoadError = TokenError


class Token(Serializable):
    """Access to one platform. Its text (``str``) is that of the token file, the secret included; its ``repr`` is not.

    Attributes:
        private_key: the secret.
        base_api_url: address of the platform, without ``/v1``.
        id: name of the token, None where it was not told.
        creation_date: ISO 8601 text, None where it was not told.

    Raises:
        ValueError: the content is not that of a token file; the text says why and never quotes the secret.
    """

    def __init__(self, token_dict: Mapping[str, Any]) -> None:
        access = _access_of(token_dict)
        self.private_key = access["private_key"]
        self.id = access.get("token_id")
        self.creation_date = access.get("created_at")
        if access.get("base_api_url"):
            self.base_api_url = access["base_api_url"]
        else:
            self.base_api_url = DEFAULT_BASE_API_URL
            logger.warning("The token names no platform (base_api_url), so %s is used", DEFAULT_BASE_API_URL)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, base_api_url={shown(self.base_api_url)!r})"

    def get_header(self) -> dict[str, str]:
        """The header that gives access; it does not show the secret when it is printed."""
        return SecretHeaders({AUTHORIZATION: f"{BEARER} {self.private_key}"})

    def to_dict(self) -> dict[str, Any]:
        """The content of the token file."""
        told = {"token_id": self.id, "created_at": self.creation_date, "base_api_url": self.base_api_url}
        access = {PRIVATE_KEY_FIELD: self.private_key, **{name: text for name, text in told.items() if text}}
        return {ACCESS_TOKEN_FIELD: access}

    @classmethod
    def from_dict(cls, token_dict: Mapping[str, Any]) -> Self:
        """From the content of a token file."""
        return cls(token_dict)

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Self:
        """From a token file.

        Raises:
            TokenError: it is not there, or no token file.
        """
        return _places(cls).load(path)

    @classmethod
    def from_private_key(cls, private_key: str, base_api_url: str | None = None) -> Self:
        """From the secret alone, for the platform at ``base_api_url`` (default: on this machine)."""
        access = {PRIVATE_KEY_FIELD: private_key, "base_api_url": base_api_url or DEFAULT_BASE_API_URL}
        return cls({ACCESS_TOKEN_FIELD: access})


def activate_token(path: str | os.PathLike[str]) -> None:
    """Make the token file at ``path`` the one that is used when nothing else is said.

    Raises:
        TokenError: it is no token file.
    """
    _places(Token).activate(path)
    logger.info("API token successfully activated")


def deactivate_token() -> None:
    """Forget the token that was activated, if any."""
    if _places(Token).deactivate():
        logger.info("API token '%s' successfully deactivated", TOKEN_PATH)
    else:
        logger.info("No API token to deactivate")


def get_active_token_path() -> str | None:
    """Path of the token file that is used when nothing else is said; None when there is none.

    Raises:
        TokenError: the environment names a file that is not there.
    """
    return _places(Token).active_path()


def load_token(token_path: str | os.PathLike[str] | None = None) -> Token:
    """The token at ``token_path``, or else the active one: of the environment, or the activated one.

    Raises:
        TokenError: there is none, or it is no good.
    """
    return _places(Token).load(token_path)


def _places(token: type[SomeToken]) -> TokenPlaces[SomeToken]:
    # made anew, since scripts and tests set TOKEN_PATH
    return TokenPlaces(
        noun="API token",
        token=token,
        error=TokenError,
        key_variable=PRIVATE_KEY_ENV_VAR,
        base_url_variable=BASE_API_URL_ENV_VAR,
        path_variable=TOKEN_ENV_VAR,
        path=TOKEN_PATH,
    )


def _access_of(token_dict: Any) -> AccessToken:
    access = token_dict.get(ACCESS_TOKEN_FIELD) if isinstance(token_dict, Mapping) else None
    if not isinstance(access, Mapping):
        raise ValueError(f"it has no object {ACCESS_TOKEN_FIELD!r}")  # noqa: TRY004  (it is the content of a file)
    key = access.get(PRIVATE_KEY_FIELD)
    if not isinstance(key, str) or not key:
        raise ValueError(f"its {ACCESS_TOKEN_FIELD} has no {PRIVATE_KEY_FIELD!r}")
    if not all("!" <= character <= "~" for character in key):
        raise ValueError(f"its {PRIVATE_KEY_FIELD} holds characters that cannot be sent: copy it without line breaks")
    base_url = access.get("base_api_url")
    if base_url and (not isinstance(base_url, str) or not _is_address(base_url)):
        raise ValueError(f"its base_api_url {base_url!r} is no address such as {DEFAULT_BASE_API_URL}")
    return AccessToken(**access)  # type: ignore[typeddict-item]  # further keys do no harm


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url.strip("/"))
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
