"""Applications: the users that they have."""

from typing import TypedDict


class NewUser(TypedDict):
    """Body of ``POST apps/users``, and its answer."""

    username: str


class UserList(TypedDict):
    """Answer of ``GET apps/users/list``: names alone."""

    users: list[str]
