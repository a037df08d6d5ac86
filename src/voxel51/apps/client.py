"""Application mix-in: the token, the active user and the routes of an application, mixed into a client for users."""

import os
from collections.abc import Mapping
from typing import TypeVar

from voxel51.apps.auth import ApplicationToken, load_application_token
from voxel51.apps.calls import as_application
from voxel51.users.calls.call import Call
from voxel51.users.client import BaseClient

Result = TypeVar("Result")


class ApplicationMixin(BaseClient):
    """Mix-in for clients that call as an application, or as one of its users.

    Attributes:
        token: the credentials of the application.
        active_user: the user to act for; None acts for the application itself. Threads that share a client share it.
    """

    token: ApplicationToken
    active_user: str | None = None

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, active_user={self.active_user!r})"

    def with_user(self, username: str) -> None:
        """Act for that user from now on. Nothing is sent: an unknown user is reported by the next call."""
        self.active_user = username

    def exit_user(self) -> None:
        """Act for the application itself again."""
        self.active_user = None

    @staticmethod
    def _load_token(token_path: str | os.PathLike[str] | None = None) -> ApplicationToken:
        return load_application_token(token_path)

    @property
    def _header(self) -> Mapping[str, str]:
        return self.token.get_header(username=self.active_user)

    def _adapt(self, call: Call[Result]) -> Call[Result]:
        return as_application(call)
