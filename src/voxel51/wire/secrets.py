"""Secrets: texts, such as keys of other services, that their owner lets analytics use. Values are never shown again."""

from typing import NotRequired, TypedDict

MAX_SECRET_LENGTH = 16 * 1024
"""Length limit of a value, in characters."""


class Secret(TypedDict):
    """Secret without its value. ``analytics`` are the full names of the analytics that may use it."""

    name: str
    analytics: list[str]
    upload_date: str
    change_date: str


class SecretList(TypedDict):
    """Response of ``GET secrets``, in the order of the names."""

    secrets: list[Secret]


class SecretDetails(TypedDict):
    """Response of ``PUT secrets/<name>``."""

    secret: Secret


class SecretChange(TypedDict):
    """Body of ``PUT secrets/<name>``. What is absent stays as it is; a new secret needs a ``value``.

    Attributes:
        value: the text.
        analytics: full names of the analytics that may use it, instead of those that may now.
    """

    value: NotRequired[str]
    analytics: NotRequired[list[str]]
