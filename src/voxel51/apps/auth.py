"""Application tokens: load, activate and deactivate the credentials of an application."""

import logging
import os
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from voxel51.transport.secrets import SecretHeaders
from voxel51.users.auth import ACCESS_TOKEN_FIELD, HELP_URL, PRIVATE_KEY_FIELD, Token, TokenError
from voxel51.users.tokens import TokenLocator
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

logger: logging.Logger = logging.getLogger(__name__)
AnyApplicationToken = TypeVar("AnyApplicationToken", bound="ApplicationToken")

TOKEN_ENV_VAR = "VOXEL51_APP_TOKEN"  # noqa: S105  (the name of a variable)
TOKEN_ENVIRON_VAR = TOKEN_ENV_VAR
PRIVATE_KEY_ENV_VAR = "VOXEL51_APP_PRIVATE_KEY"
BASE_API_URL_ENV_VAR = "VOXEL51_APP_BASE_URL"
TOKEN_PATH = str(Path("~").expanduser() / ".voxel51" / "app-token.json")
KEY_HEADER = APPLICATION_KEY
USER_HEADER = APPLICATION_USER


class ApplicationTokenError(TokenError):
    """Missing or invalid application token. The text names the file and the reason, and how to get a token."""

    advice: ClassVar[str] = (
        "The operator of the platform creates a token with `voxel51 server app create NAME --token PATH`. Select it "
        "with activate_application_token(PATH) or VOXEL51_APP_TOKEN=PATH."
    )


ApplicationTokenLoadError = ApplicationTokenError


class ApplicationToken(Token):
    """Credentials of an application on one platform, with which it acts for its users."""

    def get_header(self, username: str | None = None) -> dict[str, str]:
        """Return the headers with the credentials, to act as the application or as its user ``username``."""
        headers = SecretHeaders({KEY_HEADER: self.private_key})
        if username is not None:
            headers[USER_HEADER] = username
        return headers

    @classmethod
    def from_json(cls, path: str | os.PathLike[str]) -> Self:
        """Return the token in a token file.

        Raises:
            ApplicationTokenError: the file was not found or is invalid.
        """
        return _locator(cls).load(path)


def activate_application_token(path: str | os.PathLike[str]) -> None:
    """Activate the token file at ``path``: copy it to where clients look for it by default.

    Raises:
        ApplicationTokenError: the token file is invalid.
    """
    _locator(ApplicationToken).activate(path)
    logger.info("Application token successfully activated")


def deactivate_application_token() -> None:
    """Delete the activated token file, if any."""
    if _locator(ApplicationToken).deactivate():
        logger.info("Application token '%s' successfully deactivated", TOKEN_PATH)
    else:
        logger.info("No application token to deactivate")


def get_active_application_token_path() -> str | None:
    """Return the path of the token file that clients use by default; None if no token file was found.

    Raises:
        ApplicationTokenError: the file that the environment names was not found.
    """
    return _locator(ApplicationToken).active_path()


def load_application_token(token_path: str | os.PathLike[str] | None = None) -> ApplicationToken:
    """Return the token at ``token_path``, by default the active token: from the environment, or the activated one.

    Raises:
        ApplicationTokenError: no token was found, or it is invalid.
    """
    return _locator(ApplicationToken).load(token_path)


def _locator(token: type[AnyApplicationToken]) -> TokenLocator[AnyApplicationToken]:
    # Created for each call, because scripts and tests assign TOKEN_PATH.
    return TokenLocator(
        noun="application token",
        token=token,
        error=ApplicationTokenError,
        key_variable=PRIVATE_KEY_ENV_VAR,
        base_url_variable=BASE_API_URL_ENV_VAR,
        path_variable=TOKEN_ENV_VAR,
        path=TOKEN_PATH,
    )
