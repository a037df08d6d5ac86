"""What the platform is, and whether it and its services work."""

from typing import TypedDict


class ServiceStatus(TypedDict):
    """One service."""

    operational: bool
    message: str


class Statuses(TypedDict):
    """The services that clients address by name."""

    platform: ServiceStatus
    jobs: ServiceStatus


class PlatformStatus(TypedDict):
    """Answer of ``GET status/all``."""

    statuses: Statuses


class AboutPlatform(TypedDict):
    """Answer of ``GET platform``: what a page needs to begin with, and anybody may know.

    ``lifetime_days`` is how long data and outputs are kept unless their upload says otherwise, ``api_reference`` the
    path of the page that describes all routes.
    """

    version: str
    upload_limit_bytes: int
    lifetime_days: float
    api_reference: str
