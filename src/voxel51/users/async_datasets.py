# Generated from src/voxel51/users/datasets.py by .ci/generate_async.py: do not edit.
# Change the source, then run: make generate
"""Calls of the async client for datasets and SQL: export the labels of many jobs, and query those of all."""

from collections.abc import Iterable, Mapping
from typing import cast

from voxel51.transport.saving import DownloadProgress
from voxel51.users.async_compound import AsyncCompoundCalls
from voxel51.users.calls import datasets
from voxel51.users.downloading import FilePath
from voxel51.users.renditions import of_dataset, of_query, read_rendition, save_rendition
from voxel51.users.sql_results import SqlResult
from voxel51.wire.datasets import DatasetEstimate, DatasetRecord


class AsyncDatasetCalls(AsyncCompoundCalls):
    """Mix-in with the calls for datasets and SQL."""

    async def create_dataset(
        self,
        name: str,
        options: Mapping[str, object],
        *,
        jobs: Iterable[str] | None = None,
        analytic: str | None = None,
        data: Iterable[str] | None = None,
    ) -> DatasetRecord:
        """Define a dataset of the labels of several jobs. `download_dataset` makes and downloads it.

        Args:
            name: name of the dataset.
            options: ``format`` and the other keys of `voxel51.wire.datasets.DatasetOptions`.
            jobs: ids of complete jobs whose output is labels of a video.
            analytic: full name of an analytic: its newest complete job on each video, instead of ``jobs``.
            data: ids of the videos, for ``analytic``; None: all videos.
        """
        return await self._send(datasets.create(name, options, jobs, analytic, data))

    async def list_datasets(self) -> list[DatasetRecord]:
        """List your datasets, the newest first."""
        return await self._send(datasets.list_all())

    async def get_dataset(self, dataset_id: str) -> DatasetRecord:
        """Return the record of a dataset."""
        return await self._send(datasets.details(dataset_id))

    async def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset and its archive. The jobs and videos stay."""
        await self._send(datasets.delete(dataset_id))

    async def estimate_dataset(self, dataset_id: str) -> DatasetEstimate:
        """Return the number of frames and boxes of a dataset by part and class, and its size, before it is made."""
        return cast("DatasetEstimate", await self._run(read_rendition(of_dataset(dataset_id, "estimate"))))

    async def download_dataset(
        self,
        dataset_id: str,
        output_path: FilePath | None = None,
        progress: bool | DownloadProgress | None = None,
    ) -> FilePath:
        """Download a dataset as a zip file, which is made first if necessary, and return its path.

        The default of ``output_path`` is ``dataset.zip`` in the current folder.
        """
        return await self._run(save_rendition(of_dataset(dataset_id, "archive"), output_path, progress))

    async def query_labels(self, sql: str) -> SqlResult:
        """Return the result of an SQL query over the labels of your jobs.

        Tables are ``videos``, ``jobs``, ``detections``, ``tracks``, ``frames``, ``events`` and ``text``. The first
        query after new jobs takes longer, because their labels are converted for it.
        """
        return SqlResult.of(await self._run(read_rendition(of_query(sql, "json"))))

    async def download_query(self, sql: str, output_path: FilePath, format: str = "csv") -> FilePath:  # noqa: A002
        """Download the result of an SQL query over labels as ``csv``, ``parquet`` or ``json``, and return its path."""
        return await self._run(save_rendition(of_query(sql, format), output_path))
