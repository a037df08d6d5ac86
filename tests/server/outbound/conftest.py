"""Fixtures for requests to other people's hosts."""

from support.loopback_server import loopback  # noqa: F401  (pytest finds it here)
