"""Calls about sources in place: folders and prefixes of buckets whose files are data."""

from voxel51.users.calls.call import Call, delete_path, entry, get, path_segment, post_json
from voxel51.wire.data import DataSource


def list_all() -> Call[list[DataSource]]:
    """List the sources of the caller's data."""
    return get("data/sources", entry("sources"))


def locations() -> Call[list[str]]:
    """List where the caller may register sources."""
    return get("data/sources", entry("locations"))


def add(location: str, collection_id: str | None) -> Call[DataSource]:
    """Register a source."""
    return post_json("data/sources", entry("source"), {"location": location, "collection": collection_id})


def delete(source_id: str) -> Call[None]:
    """Forget a source."""
    return delete_path(f"data/sources/{path_segment(source_id)}")
