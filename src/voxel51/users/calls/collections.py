"""Calls about tags and metadata of data, collections and saved searches."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from voxel51.transport.errors import InvalidRequest
from voxel51.users.calls.call import (
    Call,
    batch,
    delete_path,
    document,
    entry,
    get,
    nothing,
    patch_json,
    path_segment,
    post_json,
    put_json,
)
from voxel51.users.query import DataQuery
from voxel51.wire.batches import BatchResponse
from voxel51.wire.collections import (
    Collection,
    CollectionShare,
    DataChanges,
    KnownTag,
    MemberChanges,
    ReviewableJob,
    SavedSearch,
)
from voxel51.wire.data import DataList


def change_data(
    data_ids: Iterable[str], add: Iterable[str], remove: Iterable[str], metadata: Mapping[str, str | None]
) -> Call[dict[str, BatchResponse]]:
    """Change the tags and metadata of many data."""
    given: dict[str, object] = {"add_tags": [*add], "remove_tags": [*remove], "metadata": {**metadata}}
    return batch("data", "update", data_ids, **{name: value for name, value in given.items() if value})


def change_matching(
    search: str, add: Iterable[str], remove: Iterable[str], metadata: Mapping[str, str | None]
) -> Call[DataChanges]:
    """Change the tags and metadata of all data that match a search."""
    given: dict[str, object] = {"add_tags": [*add], "remove_tags": [*remove], "metadata": {**metadata}}
    present = {name: value for name, value in given.items() if value}
    return patch_json("data", document, {"search": search, **present})


def tags() -> Call[list[KnownTag]]:
    """List the tags of the caller's data."""
    return get("data/tags", entry("tags"))


def list_all() -> Call[list[Collection]]:
    """List the collections that the caller can read."""
    return get("collections", entry("collections"))


def create(name: str, description: str) -> Call[Collection]:
    """Create a collection."""
    return post_json("collections", entry("collection"), {"name": name, "description": description})


def details(collection_id: str) -> Call[Collection]:
    """Get a collection."""
    return get(_path(collection_id), entry("collection"))


def change(collection_id: str, name: str | None, description: str | None) -> Call[Collection]:
    """Change the name or the description of a collection."""
    given = {"name": name, "description": description}
    changed = {key: value for key, value in given.items() if value is not None}
    return patch_json(_path(collection_id), entry("collection"), changed)


def delete(collection_id: str) -> Call[None]:
    """Delete a collection."""
    return delete_path(_path(collection_id))


def change_members(
    collection_id: str, action: str, data_ids: Iterable[str] | None, search: str | None
) -> Call[MemberChanges]:
    """Add data to a collection, or remove them: those with these ids, or else those that match."""
    chosen: dict[str, object] = {"search": search} if data_ids is None else {"ids": [*data_ids]}
    return post_json(f"{_path(collection_id)}/members", document, {"action": action, **chosen})


def query(collection_id: str, data_query: DataQuery) -> Call[DataList]:
    """List the data in a collection that match."""
    return get(f"{_path(collection_id)}/data", document, data_query.to_dict())


def content(collection_id: str, data_id: str) -> Call[bytes]:
    """Get a file in a collection."""
    return get(f"{_path(collection_id)}/data/{path_segment(data_id)}/download", bytes)


def reviewable_jobs(collection_id: str, data_id: str) -> Call[list[ReviewableJob]]:
    """List the jobs on a file in a collection whose labels the caller can review."""
    return get(f"{_path(collection_id)}/data/{path_segment(data_id)}/jobs", entry("jobs"))


def shares(collection_id: str) -> Call[list[CollectionShare]]:
    """List the users with whom a collection is shared."""
    return get(f"{_path(collection_id)}/shares", entry("shares"))


def share(collection_id: str, username: str, role: str) -> Call[None]:
    """Share a collection with a user."""
    return put_json(f"{_path(collection_id)}/shares/{path_segment(username)}", nothing, {"role": role})


def unshare(collection_id: str, username: str) -> Call[None]:
    """End the share of a collection with a user."""
    return delete_path(f"{_path(collection_id)}/shares/{path_segment(username)}")


def searches() -> Call[list[SavedSearch]]:
    """List the saved searches."""
    return get("searches", entry("searches"))


def save_search(name: str, search: str, sort: str | None) -> Call[SavedSearch]:
    """Save a search."""
    return put_json(_search_path(name), entry("search"), {"search": search, "sort": sort})


def delete_search(name: str) -> Call[None]:
    """Delete a saved search."""
    return delete_path(_search_path(name))


def _path(collection_id: str) -> str:
    return f"collections/{path_segment(collection_id)}"


def _search_path(name: str) -> str:
    if name in {"", ".", ".."}:  # which clients and proxies remove from addresses
        raise InvalidRequest(f"{name!r} is not a valid name of a search. Add a letter", 400)
    return f"searches/{quote(name, safe='')}"
