"""Results of batches: the labels of all complete jobs of a batch, as tables, detections and samples."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from voxel51.transport.saving import local_name
from voxel51.users.batch_flows import all_items
from voxel51.users.calls import job_batches as calls
from voxel51.users.downloading import FilePath
from voxel51.users.flows import Flow, all_emitted, fetch
from voxel51.users.html import table_html
from voxel51.users.running import RunResult, RunViews, result_of
from voxel51.wire.job_batches import BatchItem, BatchItemState, JobBatch
from voxel51.wire.jobs import JobRecord

if TYPE_CHECKING:
    import pandas

    from fiftyone import Sample

_WITH_RESULT = {BatchItemState.COMPLETE, BatchItemState.REUSED}


@dataclass(frozen=True, slots=True)
class BatchResults:
    """Results of the complete items of a batch, in the order of the items.

    Attributes:
        batch: record of the batch.
        items: the items with a result.
        results: their results.
    """

    batch: JobBatch
    items: Sequence[BatchItem]
    results: Sequence[RunResult]

    def __repr__(self) -> str:
        return f"BatchResults({self.batch['name']!r}, {len(self.results)} results)"

    def __getitem__(self, position: int) -> RunResult:
        return self.results[position]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[RunResult]:
        return iter(self.results)

    def to_pandas(self) -> "pandas.DataFrame":
        """Return the labels of all videos as one pandas data frame: ``filename``, ``data_id``, ``job_id``, and the
        columns of `RunResult.to_pandas`.
        """
        import pandas  # noqa: PLC0415  (not needed otherwise)

        from voxel51.labels.formats.tables import COLUMNS  # noqa: PLC0415

        columns = ["filename", "data_id", "job_id", *COLUMNS]
        frames = [
            result.to_pandas().assign(filename=item["filename"], data_id=item["data_id"], job_id=item["job_id"])
            for item, result in zip(self.items, self.results, strict=True)
        ]
        found = [frame for frame in frames if len(frame)]  # pandas guesses the types of empty ones
        return pandas.concat(found, ignore_index=True)[columns] if found else pandas.DataFrame(columns=columns)

    def to_fiftyone(self, videos: Mapping[str, FilePath]) -> "list[Sample]":
        """Return FiftyOne samples, to be added to a dataset; ``videos`` are the local files by the id of their data.

        Raises:
            KeyError: the file of a video is not given.
        """
        return [
            result.to_fiftyone(videos[item["data_id"]]) for item, result in zip(self.items, self.results, strict=True)
        ]

    def _repr_html_(self) -> str:
        """Return the view in notebooks: a table of the videos, with what was found in each."""
        rows = [
            (item["filename"] or item["data_id"], item["state"].lower(), _found(item), result.output_path or "none")
            for item, result in zip(self.items, self.results, strict=True)
        ]
        return table_html(rows, ("video", "state", "found", "output"))


def batch_results(batch_id: str, output_dir: FilePath, views: RunViews) -> Flow[BatchResults]:
    """Download the outputs of the complete items of a batch into a folder, and return their results."""
    details = yield from fetch(calls.details(batch_id))
    items = yield from all_emitted(all_items(batch_id, None, labels=True))
    done = [item for item in items if item["state"] in _WITH_RESULT and item["job_id"] is not None]
    results = []
    for item in done:
        result = yield from result_of(str(item["job_id"]), views, partial(_path, output_dir, item))
        results.append(result)
    return BatchResults(details, done, results)


def _path(output_dir: FilePath, item: BatchItem, job: JobRecord) -> Path | None:
    """Return the path for the output of an item: named after the video and the job, so that another call finds it."""
    if not job.get("output_filename"):
        return None
    video = local_name(Path(item["filename"] or item["data_id"]).stem, otherwise=item["data_id"])
    return Path(output_dir) / f"{video}.{job['id']}{Path(job['output_filename']).suffix}"


def _found(item: BatchItem) -> str:
    counts = sorted(item.get("labels", {}).items(), key=lambda pair: -pair[1])
    return ", ".join(f"{count} {label}" for label, count in counts) or "nothing"
