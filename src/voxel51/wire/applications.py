"""Applications: programs with users of their own."""

from typing import TypedDict


class ApplicationList(TypedDict):
    """Response of ``GET admin/applications``: names, sorted."""

    applications: list[str]


class NewApplication(TypedDict):
    """Body of ``POST admin/applications``, and its response."""

    name: str


class NewUser(TypedDict):
    """Body of ``POST apps/users``, and its response."""

    username: str


class ResultSharing(TypedDict):
    """Body and response of ``PUT apps/result-sharing``, and response of ``GET``.

    ``enabled``: whether the users of the application get copies of each other's results instead of computing the same
    again.
    """

    enabled: bool


class UserList(TypedDict):
    """Response of ``GET apps/users/list``: names only."""

    users: list[str]
