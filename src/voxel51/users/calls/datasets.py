"""Calls about datasets: the labels of several jobs as one archive."""

from collections.abc import Iterable, Mapping

from voxel51.users.calls.call import Call, delete_path, entry, get, path_segment, post_json
from voxel51.wire.datasets import DatasetRecord


def create(
    name: str,
    options: Mapping[str, object],
    jobs: Iterable[str] | None,
    analytic: str | None,
    data: Iterable[str] | None,
) -> Call[DatasetRecord]:
    """Define a dataset."""
    request: dict[str, object] = {"name": name, "options": dict(options)}
    if jobs is not None:
        request["jobs"] = [*jobs]
    if analytic is not None:
        request["analytic"] = analytic
    if data is not None:
        request["data"] = [*data]
    return post_json("datasets", entry("dataset"), request)


def list_all() -> Call[list[DatasetRecord]]:
    """List the datasets, the newest first."""
    return get("datasets", entry("datasets"))


def details(dataset_id: str) -> Call[DatasetRecord]:
    """Get the record of a dataset."""
    return get(f"datasets/{path_segment(dataset_id)}", entry("dataset"))


def delete(dataset_id: str) -> Call[None]:
    """Delete a dataset and its archive."""
    return delete_path(f"datasets/{path_segment(dataset_id)}")
