"""Calls about secrets, and the analytics that may use them."""

from collections.abc import Iterable

from voxel51.users.calls.call import Call, delete_path, entry, get, path_segment, put_json
from voxel51.wire.secrets import Secret, SecretChange


def list_all() -> Call[list[Secret]]:
    """List the caller's secrets, without their values."""
    return get("secrets", entry("secrets"))


def put(name: str, value: str | None, analytics: Iterable[str] | None) -> Call[Secret]:
    """Create a secret, or change its value or the analytics that may use it."""
    change: SecretChange = {}
    if value is not None:
        change["value"] = value
    if analytics is not None:
        change["analytics"] = [*analytics]
    return put_json(f"secrets/{path_segment(name)}", entry("secret"), change)


def delete(name: str) -> Call[None]:
    """Delete a secret."""
    return delete_path(f"secrets/{path_segment(name)}")
