"""API tokens: load, activate and deactivate the credentials of a user."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from voxel51.transport.secrets import SecretHeaders, shown
from voxel51.users.tokens import AnyToken, TokenLocator
from voxel51.users.utils import Serializable, logger
from voxel51.wire.documents import JsonObject
from voxel51.wire.headers import AUTHORIZATION, BEARER
from voxel51.wire.tokens import DEFAULT_BASE_URL, AccessToken

TOKEN_ENV_VAR = "VOXEL51_API_TOKEN"  # noqa: S105  (the name of a variable)
PRIVATE_KEY_ENV_VAR = "VOXEL51_API_PRIVATE_KEY"
BASE_API_URL_ENV_VAR = "VOXEL51_API_BASE_URL"
TOKEN_PATH = str(Path("~").expanduser() / ".voxel51" / "api-token.json")
DEFAULT_BASE_API_URL = DEFAULT_BASE_URL
HELP_URL = "https://voxel51.com/docs/api/?python#authentication"
"""The original client's page of help. No message names it: it belongs to another party and describes its service."""
ACCESS_TOKEN_FIELD = "access_token"  # noqa: S105  (the name of a field)
PRIVATE_KEY_FIELD = "private_key"
TOKEN_ENVIRON_VAR = TOKEN_ENV_VAR


class TokenError(Exception):
    """Missing or invalid token. The text names the file and the reason, and how to get a token.

    Attributes:
        advice: what to do, appended to the message.
    """

    advice: ClassVar[str] = (
        "Create a token in the console of your platform (Account and tokens) or with `voxel51 server user create NAME "
        "--token PATH`, and select it with `voxel51 auth activate PATH` or VOXEL51_API_TOKEN=PATH."
    )

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}. {self.advice}")


TokenLoadError = TokenError


class Token(Serializable):
    """Credentials of a user on one platform. ``str`` returns the token file, private key included; ``repr`` hides it.

    Attributes:
        private_key: the secret.
        base_api_url: the address of the platform, without ``/v1``.
        id: the id of the token; None if unknown.
        creation_date: ISO 8601 text; None if unknown.

    Raises:
        ValueError: the content of the token file is invalid; the text gives the reason and never quotes the secret.
    """

    def __init__(self, token_dict: Mapping[str, Any]) -> None:
        access = _access_token(token_dict)
        self.private_key: str = access["private_key"]
        self.id: str | None = access.get("token_id")
        self.creation_date: str | None = access.get("created_at")
        if access.get("base_api_url"):
            self.base_api_url: str = access["base_api_url"]
        else:
            self.base_api_url = DEFAULT_BASE_API_URL
            logger(__name__).warning("The token has no base_api_url. Using %s", DEFAULT_BASE_API_URL)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, base_api_url={shown(self.base_api_url)!r})"

    def get_header(self) -> dict[str, str]:
        """Return the header with the credentials. Its ``repr`` hides the secret."""
        return SecretHeaders({AUTHORIZATION: f"{BEARER} {self.private_key}"})

    def to_dict(self) -> JsonObject:
        """Return the content of the token file."""
        optional = {"token_id": self.id, "created_at": self.creation_date, "base_api_url": self.base_api_url}
        access = {PRIVATE_KEY_FIELD: self.private_key, **{name: text for name, text in optional.items() if text}}
        return {ACCESS_TOKEN_FIELD: access}

    @classmethod
    def from_dict(cls, token_dict: Mapping[str, Any]) -> Self:
        """Return the token with the content of a token file."""
        return cls(token_dict)

    @classmethod
    def from_str(cls, token_str: str | bytes) -> Self:
        """Return the token with the content of a token file, given as text."""
        return super().from_str(token_str)

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Self:
        """Return the token in a token file.

        Raises:
            TokenError: the file was not found or is invalid.
        """
        return _locator(cls).load(path)

    @classmethod
    def from_private_key(cls, private_key: str, base_api_url: str | None = None) -> Self:
        """Return the token with that private key, for the platform at ``base_api_url`` (default: this machine)."""
        access = {PRIVATE_KEY_FIELD: private_key, "base_api_url": base_api_url or DEFAULT_BASE_API_URL}
        return cls({ACCESS_TOKEN_FIELD: access})


def activate_token(path: str | os.PathLike[str]) -> None:
    """Activate the token file at ``path``: copy it to where clients look for it by default.

    Raises:
        TokenError: the token file is invalid.
    """
    _locator(Token).activate(path)
    logger(__name__).info("API token successfully activated")


def deactivate_token() -> None:
    """Delete the activated token file, if any."""
    if _locator(Token).deactivate():
        logger(__name__).info("API token '%s' successfully deactivated", TOKEN_PATH)
    else:
        logger(__name__).info("No API token to deactivate")


def get_active_token_path() -> str | None:
    """Return the path of the token file that clients use by default; None if no token file was found.

    Raises:
        TokenError: the file that the environment names was not found.
    """
    return _locator(Token).active_path()


def load_token(token_path: str | os.PathLike[str] | None = None) -> Token:
    """Return the token at ``token_path``, by default the active token: from the environment, or the activated one.

    Raises:
        TokenError: no token was found, or it is invalid.
    """
    return _locator(Token).load(token_path)


def _locator(token: type[AnyToken]) -> TokenLocator[AnyToken]:
    # Created for each call, because scripts and tests assign TOKEN_PATH.
    return TokenLocator(
        noun="API token",
        token=token,
        error=TokenError,
        key_variable=PRIVATE_KEY_ENV_VAR,
        base_url_variable=BASE_API_URL_ENV_VAR,
        path_variable=TOKEN_ENV_VAR,
        path=TOKEN_PATH,
    )


def _access_token(token_dict: object) -> AccessToken:
    """Check the content of a token file and return its one entry. Unknown keys are allowed."""
    access = token_dict.get(ACCESS_TOKEN_FIELD) if isinstance(token_dict, Mapping) else None
    if not isinstance(access, Mapping):
        raise ValueError(f"it has no object {ACCESS_TOKEN_FIELD!r}")  # noqa: TRY004  (it is the content of a file)
    key = access.get(PRIVATE_KEY_FIELD)
    if not isinstance(key, str) or not key:
        raise ValueError(f"its {ACCESS_TOKEN_FIELD} has no {PRIVATE_KEY_FIELD!r}")
    if not all("!" <= character <= "~" for character in key):
        raise ValueError(
            f"its {PRIVATE_KEY_FIELD} contains characters that cannot be sent. Copy it without line breaks"
        )
    base_url = access.get("base_api_url")
    if base_url and (not isinstance(base_url, str) or not _is_http_url(base_url)):
        raise ValueError(f"its base_api_url {base_url!r} is not an address such as {DEFAULT_BASE_API_URL}")
    return AccessToken(**access)  # type: ignore[typeddict-item]  # further keys do no harm


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url.strip("/"))
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
