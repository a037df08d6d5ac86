"""Fixtures for outbound requests."""

from support.loopback_server import loopback  # noqa: F401  (pytest finds it here)
