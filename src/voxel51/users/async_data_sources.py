# Generated from src/voxel51/users/data_sources.py by .ci/generate_async.py: do not edit.
# Change the source, then run: make generate
"""Calls of the async client for sources in place: folders and buckets whose files are data without being uploaded."""

from voxel51.users.async_client import AsyncClient
from voxel51.users.calls import data_sources
from voxel51.wire.data import DataSource


class AsyncDataSourceCalls(AsyncClient):
    """Mix-in with the calls for sources."""

    async def list_data_sources(self) -> list[DataSource]:
        """List the folders and buckets whose files are your data, the oldest first."""
        return await self._send(data_sources.list_all())

    async def list_source_locations(self) -> list[str]:
        """List the folders and prefixes of buckets below which you may register sources."""
        return await self._send(data_sources.locations())

    async def add_data_source(self, location: str, *, collection_id: str | None = None) -> DataSource:
        """Make the media files of a folder or bucket your data, also later ones. They are read where they are.

        Args:
            location: an absolute path on the platform's machine or ``s3://BUCKET/PREFIX``, below one of those that
                `list_source_locations` returns.
            collection_id: a collection to which the files are added.
        """
        return await self._send(data_sources.add(location, collection_id))

    async def delete_data_source(self, source_id: str) -> None:
        """Forget a source that you registered, and delete the records of its files. The files stay."""
        await self._send(data_sources.delete(source_id))
