"""Flows about collections: find one by its name, and download its files."""

from voxel51.users.calls import collections
from voxel51.users.downloading import FilePath, download
from voxel51.users.flows import Flow, fetch
from voxel51.wire.collections import Collection, CollectionRole


def find_collection(name: str) -> Flow[Collection]:
    """Return the collection with this name or id; of several, the caller's own.

    Raises:
        ValueError: the caller can read no such collection.
    """
    known = yield from fetch(collections.list_all())
    found = [each for each in known if name in {each["id"], each["name"]}]
    if not found:
        raise ValueError(f"Collection {name!r} not found. List your collections to see their names")
    return min(found, key=lambda each: (each["id"] != name, each["role"] != CollectionRole.OWNER))


def save_member(collection_id: str, data_id: str, path: FilePath) -> Flow[FilePath]:
    """Download a file in a collection, and return the path."""
    yield from download(collections.content(collection_id, data_id), path)
    return path
