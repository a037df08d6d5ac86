"""Whether the platform and its services work."""

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
