"""What makes a client that of an application: its token, the user it acts for, and where its own routes are."""

import os
from collections.abc import Mapping
from typing import TypeVar

from voxel51.apps.auth import ApplicationToken, load_application_token
from voxel51.apps.calls import as_application
from voxel51.users.calls.call import Call
from voxel51.users.client import Caller

Result = TypeVar("Result")


class ApplicationCaller(Caller):
    """Somebody who calls as an application, or as a user of it. To be mixed into a client of users.

    Attributes:
        active_user: the user that it acts for; None is nobody. Threads that share a client share it, too.
    """

    token: ApplicationToken
    active_user: str | None = None

    def with_user(self, username: str) -> None:
        """Act for that user of the application from now on. Nothing is sent: whether there is one shows later."""
        self.active_user = username

    def exit_user(self) -> None:
        """Act for the application alone again."""
        self.active_user = None

    @staticmethod
    def _load_token(token_path: str | os.PathLike[str] | None = None) -> ApplicationToken:
        return load_application_token(token_path)

    @property
    def _header(self) -> Mapping[str, str]:
        return self.token.get_header(username=self.active_user)

    def _adapt(self, call: Call[Result]) -> Call[Result]:
        return as_application(call)
