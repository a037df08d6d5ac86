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


class UserList(TypedDict):
    """Response of ``GET apps/users/list``: names only."""

    users: list[str]
