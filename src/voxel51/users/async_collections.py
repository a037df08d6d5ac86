# Generated from src/voxel51/users/collections.py by .ci/generate_async.py: do not edit.
# Change the source, then run: make generate
"""Calls of the async client for tags, metadata, collections and saved searches of data."""

from collections.abc import AsyncIterator, Iterable, Mapping

from voxel51.users.async_compound import AsyncCompoundCalls
from voxel51.users.calls import collections
from voxel51.users.collection_flows import find_collection, save_member
from voxel51.users.collection_handles import AsyncCollectionOf
from voxel51.users.downloading import FilePath
from voxel51.users.paging import pages
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
from voxel51.wire.data import DataList, DataRecord


class AsyncCollectionCalls(AsyncCompoundCalls):
    """Mix-in with the calls for tags, metadata, collections and saved searches."""

    async def tag_data(self, data_ids: Iterable[str], tags: Iterable[str]) -> dict[str, BatchResponse]:
        """Set tags on many data. The result maps each id to its response, which has its tags and metadata."""
        return await self._send(collections.change_data(data_ids, tags, (), {}))

    async def untag_data(self, data_ids: Iterable[str], tags: Iterable[str]) -> dict[str, BatchResponse]:
        """Remove tags from many data. The result maps each id to its response, which has its tags and metadata."""
        return await self._send(collections.change_data(data_ids, (), tags, {}))

    async def set_data_metadata(
        self, data_ids: Iterable[str], metadata: Mapping[str, str | None]
    ) -> dict[str, BatchResponse]:
        """Set values of metadata on many data, by key; None removes a key. The result is that of `tag_data`."""
        return await self._send(collections.change_data(data_ids, (), (), metadata))

    async def update_data(
        self,
        data_ids: Iterable[str],
        add_tags: Iterable[str] = (),
        remove_tags: Iterable[str] = (),
        metadata: Mapping[str, str | None] | None = None,
    ) -> dict[str, BatchResponse]:
        """Change tags and metadata of many data in one call. The result is that of `tag_data`."""
        return await self._send(collections.change_data(data_ids, add_tags, remove_tags, metadata or {}))

    async def update_matching_data(
        self,
        search: str,
        add_tags: Iterable[str] = (),
        remove_tags: Iterable[str] = (),
        metadata: Mapping[str, str | None] | None = None,
    ) -> DataChanges:
        """Change tags and metadata of all your data that match a search, such as ``name:cam1``; return how many."""
        return await self._send(collections.change_matching(search, add_tags, remove_tags, metadata or {}))

    async def list_data_tags(self) -> list[KnownTag]:
        """List the tags of your data, each with the number of data that have it."""
        return await self._send(collections.tags())

    async def list_collections(self) -> list[Collection]:
        """List your collections, and those that are shared with you."""
        return await self._send(collections.list_all())

    async def collection(self, name: str) -> AsyncCollectionOf:
        """Return the collection with this name or id: its record, whose ``run`` runs an analytic on its data.

        Raises:
            ValueError: you can read no such collection.
        """
        return AsyncCollectionOf(await self._run(find_collection(name)), self._run)

    async def create_collection(self, name: str, description: str = "") -> Collection:
        """Create an empty collection."""
        return await self._send(collections.create(name, description))

    async def get_collection(self, collection_id: str) -> Collection:
        """Return the record of a collection."""
        return await self._send(collections.details(collection_id))

    async def update_collection(
        self, collection_id: str, name: str | None = None, description: str | None = None
    ) -> Collection:
        """Change the name or the description of a collection that you own."""
        return await self._send(collections.change(collection_id, name, description))

    async def delete_collection(self, collection_id: str) -> None:
        """Delete a collection that you own. Its data stay."""
        await self._send(collections.delete(collection_id))

    async def add_to_collection(
        self, collection_id: str, data_ids: Iterable[str] | None = None, search: str | None = None
    ) -> MemberChanges:
        """Add your data with these ids, or all that match a search, to a collection that you own or edit.

        One call adds at most 100,000 data by a search; ``is_complete`` of the result says whether that were all.
        """
        return await self._send(collections.change_members(collection_id, "add", data_ids, search))

    async def remove_from_collection(
        self, collection_id: str, data_ids: Iterable[str] | None = None, search: str | None = None
    ) -> MemberChanges:
        """Remove data from a collection that you own or edit, as `add_to_collection` adds them. The data stay."""
        return await self._send(collections.change_members(collection_id, "remove", data_ids, search))

    async def query_collection_data(self, collection_id: str, data_query: DataQuery) -> DataList:
        """Return the data in a collection that match, of all its owners, under the key ``data``."""
        return await self._send(collections.query(collection_id, data_query))

    def iter_collection_data(
        self, collection_id: str, data_query: DataQuery | None = None
    ) -> AsyncIterator[DataRecord]:
        """Iterate over the data in a collection that match, or all; pages are fetched as needed."""
        query = data_query or DataQuery()
        return self._iterate(
            pages(query, lambda each: collections.query(collection_id, each), lambda page: page["data"])
        )

    async def download_collection_data(self, collection_id: str, data_id: str, output_path: FilePath) -> FilePath:
        """Download a file in a collection, which may belong to another user, and return ``output_path``."""
        return await self._run(save_member(collection_id, data_id, output_path))

    async def list_reviewable_jobs(self, collection_id: str, data_id: str) -> list[ReviewableJob]:
        """List the jobs of the owner of a file in a collection whose labels you can review, as an editor of it."""
        return await self._send(collections.reviewable_jobs(collection_id, data_id))

    async def list_collection_shares(self, collection_id: str) -> list[CollectionShare]:
        """List the users with whom a collection is shared, and their roles."""
        return await self._send(collections.shares(collection_id))

    async def share_collection(self, collection_id: str, username: str, role: str = "viewer") -> None:
        """Let another user read a collection that you own (``viewer``), or also change and review it (``editor``)."""
        await self._send(collections.share(collection_id, username, role))

    async def unshare_collection(self, collection_id: str, username: str) -> None:
        """End the share of a collection with a user, or leave it yourself."""
        await self._send(collections.unshare(collection_id, username))

    async def list_searches(self) -> list[SavedSearch]:
        """List your saved searches of data."""
        return await self._send(collections.searches())

    async def save_search(self, name: str, search: str, sort: str | None = None) -> SavedSearch:
        """Save a search of data under a name; it replaces one of this name. ``sort`` is as in ``name:asc``."""
        return await self._send(collections.save_search(name, search, sort))

    async def delete_search(self, name: str) -> None:
        """Delete a saved search."""
        await self._send(collections.delete_search(name))
