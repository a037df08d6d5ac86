# Generated from src/voxel51/users/job_batches.py by .ci/generate_async.py: do not edit.
# Change the source, then run: make generate
"""Calls of the async client for batches: run an analytic on many videos, and follow and change batches."""

from collections.abc import AsyncIterator, Mapping
from typing import Unpack

from voxel51.users.async_compound import AsyncCompoundCalls
from voxel51.users.batch_flows import (
    BatchOptions,
    BatchProgress,
    Videos,
    all_batches,
    all_items,
    new_batch,
    run_batch,
    wait_for_batch,
)
from voxel51.users.batch_results import BatchResults, batch_results
from voxel51.users.calls import job_batches
from voxel51.users.downloading import FilePath
from voxel51.wire.job_batches import BatchEstimate, BatchItem, JobBatch


class AsyncBatchCalls(AsyncCompoundCalls):
    """Mix-in with the calls for batches."""

    async def estimate_batch(
        self,
        analytic: str,
        videos: Videos,
        parameters: Mapping[str, object] | None = None,
        **options: Unpack[BatchOptions],
    ) -> BatchEstimate:
        """Return the size of a batch, how many results exist already, and how long the others will take.

        The arguments are those of `run_batch`.
        """
        return await self._send(job_batches.estimate(new_batch(analytic, videos, parameters, options)))

    async def run_batch(
        self,
        analytic: str,
        videos: Videos,
        parameters: Mapping[str, object] | None = None,
        *,
        wait: bool = False,
        timeout: float | None = None,
        progress: BatchProgress | None = None,
        **options: Unpack[BatchOptions],
    ) -> JobBatch:
        """Run an analytic on many videos of the platform as a batch, and return the batch.

        Args:
            analytic: the full name of the analytic.
            videos: ids or records of data, a `DataQuery` that finds them, or a collection (your videos in it).
            parameters: parameter name -> value, for all videos.
            wait: whether to return only when the batch has ended.
            timeout: time limit for waiting, in seconds; None waits without a limit.
            progress: function that is called with the batch after each poll while waiting.
            options: see `BatchOptions`.

        Raises:
            TimeoutError: the batch did not end in time; it goes on.
        """
        new = new_batch(analytic, videos, parameters, options)
        return await self._run(run_batch(new, wait, timeout, progress))

    async def wait_for_batch(
        self, batch_id: str, timeout: float | None = None, progress: BatchProgress | None = None
    ) -> JobBatch:
        """Return the record of a batch once it has ended or was cancelled; its items may have failed.

        Raises:
            TimeoutError: it did not end within ``timeout`` seconds.
        """
        return await self._run(wait_for_batch(batch_id, timeout, progress))

    async def get_batch(self, batch_id: str) -> JobBatch:
        """Return a batch, with the number of its items in each state."""
        return await self._send(job_batches.details(batch_id))

    def iter_batches(self, archived: bool = False) -> AsyncIterator[JobBatch]:
        """Iterate over your batches, the newest first, or over the archived ones."""
        return self._iterate(all_batches(archived))

    def iter_batch_items(
        self, batch_id: str, state: str | None = None, labels: bool = False
    ) -> AsyncIterator[BatchItem]:
        """Iterate over the items of a batch, each a video with a set of parameters and its job.

        ``state`` is a `BatchItemState`, such as ``FAILED``. With ``labels``, each item says how many tracks and events
        of each label its job found.
        """
        return self._iterate(all_items(batch_id, state, labels))

    async def get_batch_results(self, batch_id: str, output_dir: FilePath | None = None) -> BatchResults:
        """Download the outputs of all complete items of a batch into ``output_dir``, and return their results.

        They become one data frame with ``to_pandas``. The default folder is the current one. For the labels of very
        many videos, `query_labels` is faster: it downloads nothing but its result.
        """
        return await self._run(batch_results(batch_id, output_dir or "", self._run_views))

    async def pause_batch(self, batch_id: str) -> JobBatch:
        """Start no more jobs of a batch; those that run go on."""
        return await self._send(job_batches.change(batch_id, "pause"))

    async def resume_batch(self, batch_id: str) -> JobBatch:
        """Go on with a paused batch."""
        return await self._send(job_batches.change(batch_id, "resume"))

    async def cancel_batch(self, batch_id: str) -> JobBatch:
        """Cancel a batch and its jobs. Results that are complete stay."""
        return await self._send(job_batches.change(batch_id, "cancel"))

    async def retry_batch(self, batch_id: str) -> JobBatch:
        """Run the failed and cancelled items of a batch again."""
        return await self._send(job_batches.change(batch_id, "retry"))

    async def archive_batch(self, batch_id: str) -> JobBatch:
        """Archive a batch that has ended. Its jobs stay as they are."""
        return await self._send(job_batches.change(batch_id, "archive"))

    async def unarchive_batch(self, batch_id: str) -> JobBatch:
        """Unarchive a batch."""
        return await self._send(job_batches.change(batch_id, "unarchive"))
