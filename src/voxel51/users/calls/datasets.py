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
    further: Mapping[str, object],
) -> Call[DatasetRecord]:
    """Define a dataset. ``further`` are fields of the request, of which None is left out."""
    request: dict[str, object] = {"name": name, "options": dict(options)}
    if jobs is not None:
        request["jobs"] = [*jobs]
    if analytic is not None:
        request["analytic"] = analytic
    if data is not None:
        request["data"] = [*data]
    request |= {field: value for field, value in further.items() if value is not None}
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
