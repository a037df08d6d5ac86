"""Collection handles: the record of a collection, with calls that run analytics on its data."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar, Unpack

from voxel51.users.batch_flows import BatchOptions, BatchProgress, new_batch, run_batch
from voxel51.users.query import DataQuery
from voxel51.wire.collections import Collection
from voxel51.wire.job_batches import JobBatch

Ran = TypeVar("Ran")
"""Result of a run: the batch, or with the async client, what is awaited for it."""


class CollectionHandle(dict[str, Any], Generic[Ran]):
    """Record of a collection, as `voxel51.wire.collections.Collection` describes it, that also runs analytics.

    Args:
        record: the record.
        start: function of the client that runs a flow.
    """

    def __init__(self, record: Collection, start: Callable[[Any], Ran]) -> None:
        super().__init__(record)
        self._start = start

    def run(
        self,
        analytic: str,
        parameters: Mapping[str, object] | None = None,
        *,
        wait: bool = False,
        timeout: float | None = None,
        progress: BatchProgress | None = None,
        **options: Unpack[BatchOptions],
    ) -> Ran:
        """Run an analytic on all of your data in the collection as a batch; the arguments are those of ``run_batch``.

        Raises:
            TimeoutError: the batch did not end in time; it goes on.
        """
        of_collection = DataQuery().add_search("collection", self["id"])
        new = new_batch(analytic, of_collection, parameters, options)
        return self._start(run_batch(new, wait, timeout, progress))

    def _repr_html_(self) -> str:
        """Return the view in notebooks."""
        from voxel51.users.html import collection_html  # noqa: PLC0415  (only for notebooks)

        return collection_html(self)


CollectionOf = CollectionHandle[JobBatch]
AsyncCollectionOf = CollectionHandle[Awaitable[JobBatch]]
