"""Calls about batches of jobs."""

from urllib.parse import urlencode

from voxel51.users.calls.call import Call, document, entry, get, path_segment, post_json, put_json
from voxel51.wire.job_batches import BatchEstimate, BatchItemList, JobBatch, JobBatchList, NewJobBatch


def estimate(new: NewJobBatch) -> Call[BatchEstimate]:
    """Estimate a batch."""
    return post_json("batches/estimate", document, {**new})


def create(new: NewJobBatch) -> Call[JobBatch]:
    """Create a batch."""
    return post_json("batches", entry("batch"), {**new})


def details(batch_id: str) -> Call[JobBatch]:
    """Get a batch."""
    return get(_path(batch_id), entry("batch"))


def page(archived: bool, cursor: str | None) -> Call[JobBatchList]:
    """Get a page of the list of batches."""
    return get(f"batches?{_arguments({'archived': archived, 'cursor': cursor, 'limit': 100})}", document)


def items(batch_id: str, state: str | None, labels: bool, cursor: str | None) -> Call[BatchItemList]:
    """Get a page of the items of a batch."""
    arguments = _arguments({"state": state, "labels": labels, "cursor": cursor, "limit": 500})
    return get(f"{_path(batch_id)}/items?{arguments}", document)


def change(batch_id: str, action: str) -> Call[JobBatch]:
    """Pause, resume, cancel, retry, archive or unarchive a batch."""
    return put_json(f"{_path(batch_id)}/{action}", entry("batch"), {})


def _arguments(given: dict[str, object]) -> str:
    """Return the query string of the arguments that are neither None nor False."""
    texts = {name: "true" if value is True else str(value) for name, value in given.items() if value}
    return urlencode(texts)


def _path(batch_id: str) -> str:
    return f"batches/{path_segment(batch_id)}"
