"""Calls about analytics."""

import os
from collections.abc import Iterable
from pathlib import Path

from voxel51.transport.multipart import FilePart, UploadProgress
from voxel51.users.calls.call import Call, batch, delete, document, entry, get, nothing, part_of_path, post_file
from voxel51.users.progress import shown
from voxel51.users.query import AnalyticsQuery
from voxel51.wire.analytics import AnalyticDocument, AnalyticList, AnalyticRecord
from voxel51.wire.batches import BatchResponse


def list_all(all_versions: bool) -> Call[list[AnalyticRecord]]:
    """Those that can be run; of each the latest version, or all."""
    return get("analytics/list", entry("analytics"), {"all_versions": all_versions})


def query(analytics_query: AnalyticsQuery) -> Call[AnalyticList]:
    """Those that match."""
    return get("analytics", document, analytics_query.to_dict())


def named(name: str, version: str | None) -> AnalyticsQuery:
    """The query that finds, among others, the analytic of exactly that name and version (default: the latest)."""
    found = AnalyticsQuery().add_fields(["id", "name", "version"]).add_search("name", _escaped(name))
    if version is None:
        return found
    return found.add_search("version", _escaped(str(version))).set_all_versions(True)


def id_of(name: str, version: str | None, found: Iterable[AnalyticRecord]) -> str:
    """The id of the analytic of exactly that name and version, among those found by `named`.

    Raises:
        ValueError: there is none.
    """
    for analytic in found:
        if analytic["name"] == name and version in {None, analytic["version"]}:
            return analytic["id"]
    wanted = name if version is None else f"{name} v{version}"
    raise ValueError(f"Analytic '{wanted}' not found")


def details(analytic_id: str) -> Call[AnalyticRecord]:
    """The record of one."""
    return get(f"analytics/{part_of_path(analytic_id)}", entry("analytic"))


def doc(analytic_id: str) -> Call[AnalyticDocument]:
    """What goes into it, what can be set, what comes out."""
    return get(f"analytics/{part_of_path(analytic_id)}/doc", document)


def upload(doc_json_path: str | os.PathLike[str], analytic_type: str | None) -> Call[AnalyticRecord]:
    """Add one by its document."""
    options = {"analytic_type": None if analytic_type is None else str(analytic_type)}
    return post_file("analytics", entry("analytic"), FilePart.from_path(doc_json_path), options)


def upload_image(
    analytic_id: str, image_tar_path: str | os.PathLike[str], image_type: str, progress: bool | UploadProgress | None
) -> Call[None]:
    """Add the container image it runs in."""
    path = f"analytics/{part_of_path(analytic_id)}/images?type={part_of_path(image_type)}"
    return post_file(path, nothing, FilePart.from_path(image_tar_path, shown(progress, Path(image_tar_path).name)))


def remove(analytic_id: str) -> Call[None]:
    """Remove one version."""
    return delete(f"analytics/{part_of_path(analytic_id)}")


def details_of_many(analytic_ids: Iterable[str]) -> Call[dict[str, BatchResponse]]:
    """The records of many."""
    return batch("analytics", "details", analytic_ids)


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in "\\,:|" else character for character in text)
