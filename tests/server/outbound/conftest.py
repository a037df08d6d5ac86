"""Fixtures for requests to other people's hosts."""

from loopback import loopback  # noqa: F401  (pytest finds it here)
