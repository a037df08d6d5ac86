"""Calls of the client for datasets and SQL: export the labels of many jobs, and query those of all."""

from collections.abc import Iterable, Mapping
from typing import cast

from voxel51.transport.saving import DownloadProgress
from voxel51.users.calls import datasets
from voxel51.users.compound import CompoundCalls
from voxel51.users.downloading import FilePath
from voxel51.users.notebook_media import Picture
from voxel51.users.renditions import (
    of_chart,
    of_dataset,
    of_moments,
    of_query,
    read_rendition,
    rendition_bytes,
    save_rendition,
)
from voxel51.users.sql_results import SqlResult
from voxel51.wire.datasets import DatasetEstimate, DatasetRecord
from voxel51.wire.moments import LabelMoments


class DatasetCalls(CompoundCalls):
    """Mix-in with the calls for datasets and SQL."""

    def create_dataset(
        self,
        name: str,
        options: Mapping[str, object],
        *,
        jobs: Iterable[str] | None = None,
        analytic: str | None = None,
        data: Iterable[str] | None = None,
        collection_id: str | None = None,
        batch_id: str | None = None,
        parameter_set: int | None = None,
        search: str | None = None,
    ) -> DatasetRecord:
        """Define a dataset of the labels of several jobs. `download_dataset` makes and downloads it.

        Args:
            name: name of the dataset.
            options: ``format`` and the other keys of `voxel51.wire.datasets.DatasetOptions`.
            jobs: ids of complete jobs whose output is labels of a video.
            analytic: full name of an analytic: its newest complete job on each video, instead of ``jobs``.
            data: ids of the videos, for ``analytic``; None: all videos.
            collection_id: the videos of yours in this collection, for ``analytic``, instead of ``data``.
            batch_id: the results of this batch, instead of ``jobs``.
            parameter_set: position of a set of parameters of the batch, from 0, if it has several.
            search: the videos of yours that match, such as ``tag:street``, for ``analytic``, instead of ``data``.
        """
        further = {
            "collection": collection_id, "search": search, "batch": batch_id, "parameter_set": parameter_set
        }  # fmt: skip
        return self._send(datasets.create(name, options, jobs, analytic, data, further))

    def list_datasets(self) -> list[DatasetRecord]:
        """List your datasets, the newest first."""
        return self._send(datasets.list_all())

    def get_dataset(self, dataset_id: str) -> DatasetRecord:
        """Return the record of a dataset."""
        return self._send(datasets.details(dataset_id))

    def delete_dataset(self, dataset_id: str) -> None:
        """Delete a dataset and its archive. The jobs and videos stay."""
        self._send(datasets.delete(dataset_id))

    def estimate_dataset(self, dataset_id: str) -> DatasetEstimate:
        """Return the number of frames and boxes of a dataset by part and class, and its size, before it is made."""
        return cast("DatasetEstimate", self._run(read_rendition(of_dataset(dataset_id, "estimate"))))

    def download_dataset(
        self,
        dataset_id: str,
        output_path: FilePath | None = None,
        progress: bool | DownloadProgress | None = None,
    ) -> FilePath:
        """Download a dataset as a zip file, which is made first if necessary, and return its path.

        The default of ``output_path`` is ``dataset.zip`` in the current folder.
        """
        return self._run(save_rendition(of_dataset(dataset_id, "archive"), output_path, progress))

    def query_labels(self, sql: str) -> SqlResult:
        """Return the result of an SQL query over the labels of your jobs.

        Tables are ``videos``, ``jobs``, ``detections``, ``tracks``, ``frames``, ``events`` and ``text``. The first
        query after new jobs takes longer, because their labels are converted for it.
        """
        return SqlResult.of(self._run(read_rendition(of_query(sql, "json"))))

    def download_query(self, sql: str, output_path: FilePath, format: str = "csv") -> FilePath:  # noqa: A002
        """Download the result of an SQL query over labels as ``csv``, ``parquet`` or ``json``, and return its path."""
        return self._run(save_rendition(of_query(sql, format), output_path))

    def chart_labels(
        self,
        chart: str,
        *,
        collection: str | None = None,
        batch: str | None = None,
        parameter_set: int | None = None,
        search: str | None = None,
        analytic: str | None = None,
        label: str | None = None,
    ) -> SqlResult:
        """Return a chart of the labels of a collection, a batch, or a search of your data: a row for each bar.

        ``chart`` is ``classes``, ``videos``, ``hours``, ``lengths`` or ``speeds``. On each video, the newest job of the
        analytic counts; ``analytic`` is required if several ran on the set. ``label`` counts one label only.
        """
        request = of_chart(chart, "json", collection=collection, batch=batch, parameter_set=parameter_set,
                           search=search, analytic=analytic, label=label)  # fmt: skip
        return SqlResult.of(self._run(read_rendition(request)))

    def find_moments(
        self,
        labels: Iterable[str],
        *,
        together: bool = False,
        each: str | None = None,
        confidence: float | None = None,
        larger_than: float | None = None,
        smaller_than: float | None = None,
        longer_than: float | None = None,
        shorter_than: float | None = None,
        zone: Iterable[tuple[float, float]] | None = None,
        collection: str | None = None,
        batch: str | None = None,
        search: str | None = None,
        analytic: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> LabelMoments:
        """Return the parts of your videos in which labels are seen, with the best box of each, and true totals.

        On each video, the newest result of each analytic counts. Seconds are those of video: boxes at the same time
        count once.

        Args:
            labels: such as ``["dog", "car"]``; up to five.
            together: require that all labels are in the same frames.
            each: ``track`` for moments of each track; the default, ``moment``, joins tracks at the same time.
            confidence: the minimum confidence of a box.
            larger_than: the area that a box must exceed, as a share of the frame from 0 to 1.
            smaller_than: the area that a box must be below.
            longer_than: the duration that a moment must exceed, in seconds.
            shorter_than: the duration that a moment must be below, in seconds.
            zone: the corners of a polygon, in relative coordinates, in which the middle of the lower side of a box is.
            collection: the collection with the videos; without it and the next two, all your videos.
            batch: the batch with the results.
            search: a search of your data, such as ``tag:street``.
            analytic: the full name of the analytic that found the labels.
            sort: ``best`` (the default), ``longest`` or ``time``.
            limit: the maximum number of moments in the list, up to 1,000; the default is 200. The totals count all.
        """
        request = of_moments(
            labels, zone, together=together, each=each, confidence=confidence, larger_than=larger_than,
            smaller_than=smaller_than, longer_than=longer_than, shorter_than=shorter_than, collection=collection,
            batch=batch, search=search, analytic=analytic, sort=sort, limit=limit,
        )  # fmt: skip
        return cast("LabelMoments", self._run(read_rendition(request)))

    def download_chart(
        self,
        chart: str,
        output_path: FilePath,
        format: str = "csv",  # noqa: A002
        *,
        collection: str | None = None,
        batch: str | None = None,
        parameter_set: int | None = None,
        search: str | None = None,
        analytic: str | None = None,
        label: str | None = None,
        theme: str | None = None,
    ) -> FilePath:
        """Download a chart as `chart_labels` returns it, as ``csv``, ``parquet``, ``json`` or ``png``; return its path.

        ``theme`` of a PNG is ``light`` or ``dark``.
        """
        request = of_chart(chart, format, collection=collection, batch=batch, parameter_set=parameter_set,
                           search=search, analytic=analytic, label=label, theme=theme)  # fmt: skip
        return self._run(save_rendition(request, output_path))

    def draw_chart(
        self,
        chart: str,
        *,
        collection: str | None = None,
        batch: str | None = None,
        parameter_set: int | None = None,
        search: str | None = None,
        analytic: str | None = None,
        label: str | None = None,
        theme: str | None = None,
    ) -> Picture:
        """Return a chart as `download_chart` downloads it, as a picture for notebooks."""
        request = of_chart(chart, "png", collection=collection, batch=batch, parameter_set=parameter_set,
                           search=search, analytic=analytic, label=label, theme=theme)  # fmt: skip
        return Picture(self._run(rendition_bytes(request)), f"chart {chart}")
