"""Tokens of applications: found and activated as those of users are, at places of their own."""

import logging
import os
from pathlib import Path
from typing import Self, TypeVar

from voxel51.transport.secrets import SecretHeaders
from voxel51.users.auth import ACCESS_TOKEN_FIELD, HELP_URL, PRIVATE_KEY_FIELD, Token, TokenError
from voxel51.users.tokens import TokenPlaces
from voxel51.wire.headers import APPLICATION_KEY, APPLICATION_USER

__all__ = [
    "ACCESS_TOKEN_FIELD",
    "BASE_API_URL_ENV_VAR",
    "HELP_URL",
    "KEY_HEADER",
    "PRIVATE_KEY_ENV_VAR",
    "PRIVATE_KEY_FIELD",
    "TOKEN_ENVIRON_VAR",
    "TOKEN_ENV_VAR",
    "TOKEN_PATH",
    "USER_HEADER",
    "ApplicationToken",
    "ApplicationTokenError",
    "ApplicationTokenLoadError",
    "activate_application_token",
    "deactivate_application_token",
    "get_active_application_token_path",
    "load_application_token",
]

logger = logging.getLogger(__name__)
SomeToken = TypeVar("SomeToken", bound="ApplicationToken")

TOKEN_ENV_VAR = "VOXEL51_APP_TOKEN"  # noqa: S105  (the name of a variable)
TOKEN_ENVIRON_VAR = TOKEN_ENV_VAR
PRIVATE_KEY_ENV_VAR = "VOXEL51_APP_PRIVATE_KEY"
BASE_API_URL_ENV_VAR = "VOXEL51_APP_BASE_URL"
TOKEN_PATH = str(Path("~").expanduser() / ".voxel51" / "app-token.json")
KEY_HEADER = APPLICATION_KEY
USER_HEADER = APPLICATION_USER


class ApplicationTokenError(TokenError):
    """There is no application token, or it is no good. The text says which file and why."""


ApplicationTokenLoadError = ApplicationTokenError


class ApplicationToken(Token):
    """Access to one platform for an application, and by it for the application's users."""

    def get_header(self, username: str | None = None) -> dict[str, str]:
        """The headers that give access: as the application, or as its user of that name."""
        headers = SecretHeaders({KEY_HEADER: self.private_key})
        if username is not None:
            headers[USER_HEADER] = username
        return headers

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Self:
        """From a token file.

        Raises:
            ApplicationTokenError: it is not there, or no token file.
        """
        return _places(cls).load(path)


def activate_application_token(path: str | os.PathLike[str]) -> None:
    """Make the token file at ``path`` the one that is used when nothing else is said.

    Raises:
        ApplicationTokenError: it is no token file.
    """
    _places(ApplicationToken).activate(path)
    logger.info("Application token successfully activated")


def deactivate_application_token() -> None:
    """Forget the token that was activated, if any."""
    if _places(ApplicationToken).deactivate():
        logger.info("Application token '%s' successfully deactivated", TOKEN_PATH)
    else:
        logger.info("No application token to deactivate")


def get_active_application_token_path() -> str | None:
    """Path of the token file that is used when nothing else is said; None when there is none.

    Raises:
        ApplicationTokenError: the environment names a file that is not there.
    """
    return _places(ApplicationToken).active_path()


def load_application_token(token_path: str | os.PathLike[str] | None = None) -> ApplicationToken:
    """The token at ``token_path``, or else the active one: of the environment, or the activated one.

    Raises:
        ApplicationTokenError: there is none, or it is no good.
    """
    return _places(ApplicationToken).load(token_path)


def _places(token: type[SomeToken]) -> TokenPlaces[SomeToken]:
    # made anew, since scripts and tests set TOKEN_PATH
    return TokenPlaces(
        noun="application token",
        token=token,
        error=ApplicationTokenError,
        key_variable=PRIVATE_KEY_ENV_VAR,
        base_url_variable=BASE_API_URL_ENV_VAR,
        path_variable=TOKEN_ENV_VAR,
        path=TOKEN_PATH,
    )
