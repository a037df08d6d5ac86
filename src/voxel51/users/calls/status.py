"""Calls about the platform itself."""

from voxel51.users.calls.call import Call, entry, get
from voxel51.wire.status import Statuses


def platform() -> Call[Statuses]:
    """Whether the platform and its services work."""
    return get("status/all", entry("statuses"))
