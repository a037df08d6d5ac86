"""Platform status: version, limits, and whether the services are operational."""

from typing import NotRequired, TypedDict

from voxel51.wire.bundles import BundleDeployers


class ServiceStatus(TypedDict):
    """Status of one service."""

    operational: bool
    message: str


class Statuses(TypedDict):
    """Status of each service that clients address by name."""

    platform: ServiceStatus
    jobs: ServiceStatus
    containers: NotRequired[ServiceStatus]


class PlatformStatus(TypedDict):
    """Response of ``GET status/all``."""

    statuses: Statuses


class AboutPlatform(TypedDict):
    """Response of ``GET platform``: public facts that a page needs first.

    ``lifetime_days`` is how long data and outputs are kept by default, ``api_reference`` the path of the page that
    describes all routes. ``bundle_deployers`` says who may deploy bundles of at most ``bundle_limit_bytes``; never
    ``auto``.
    """

    version: str
    upload_limit_bytes: int
    lifetime_days: float
    api_reference: str
    bundle_deployers: BundleDeployers
    bundle_limit_bytes: int
