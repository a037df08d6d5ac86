"""Calls about analytics."""

import os
from collections.abc import Iterable
from pathlib import Path

from voxel51.transport.multipart import FilePart, UploadProgress
from voxel51.users.bundles import bundle_part
from voxel51.users.calls.call import (
    Call,
    batch,
    delete_path,
    document,
    entry,
    get,
    nothing,
    path_segment,
    post_file,
    put_json,
)
from voxel51.users.progress import progress_reporter
from voxel51.users.query import AnalyticsQuery
from voxel51.wire.analytics import AnalyticDocument, AnalyticList, AnalyticRecord
from voxel51.wire.batches import BatchResponse
from voxel51.wire.bundles import Build, BuildLogPart


def list_all(all_versions: bool) -> Call[list[AnalyticRecord]]:
    """List the available analytics: the latest version of each, or all versions."""
    return get("analytics/list", entry("analytics"), {"all_versions": all_versions})


def query(analytics_query: AnalyticsQuery) -> Call[AnalyticList]:
    """List the analytics that match."""
    return get("analytics", document, analytics_query.to_dict())


def named(name: str, version: str | None) -> AnalyticsQuery:
    """Return a query whose matches include the analytic with that name and version (default: the latest).

    A search matches parts of names, so `id_of` must select the exact match.
    """
    found = AnalyticsQuery().add_fields(["id", "name", "version", "pending"]).add_search("name", _escaped(name))
    if version is None:
        return found
    return found.add_search("version", _escaped(str(version))).set_all_versions(True)


def id_of(name: str, version: str | None, found: Iterable[AnalyticRecord]) -> str:
    """Return the id of the analytic with exactly that name and version, among the matches of `named`.

    One that is pending, because it was not built yet, is returned only if no other has the name.

    Raises:
        ValueError: the analytic was not found.
    """
    for analytic in sorted(found, key=lambda each: each.get("pending", False)):
        if analytic["name"] == name and version in {None, analytic["version"]}:
            return analytic["id"]
    wanted = name if version is None else f"{name} v{version}"
    raise ValueError(f"Analytic '{wanted}' not found")


def details(analytic_id: str) -> Call[AnalyticRecord]:
    """Get the record of an analytic."""
    return get(f"analytics/{path_segment(analytic_id)}", entry("analytic"))


def doc(analytic_id: str) -> Call[AnalyticDocument]:
    """Get the document of an analytic: its inputs, parameters and outputs."""
    return get(f"analytics/{path_segment(analytic_id)}/doc", document)


def upload(doc_json_path: str | os.PathLike[str], analytic_type: str | None) -> Call[AnalyticRecord]:
    """Register an analytic by its document."""
    options = {"analytic_type": None if analytic_type is None else str(analytic_type)}
    return post_file("analytics", entry("analytic"), FilePart.from_path(doc_json_path), options)


def upload_image(
    analytic_id: str, image_tar_path: str | os.PathLike[str], image_type: str, progress: bool | UploadProgress | None
) -> Call[None]:
    """Upload the container image of an analytic."""
    path = f"analytics/{path_segment(analytic_id)}/images?type={path_segment(image_type)}"
    report = progress_reporter(progress, Path(image_tar_path).name)
    return post_file(path, nothing, FilePart.from_path(image_tar_path, report))


def deploy(path: str | os.PathLike[str], progress: bool | UploadProgress | None) -> Call[AnalyticRecord]:
    """Deploy the analytic of a Python file or project folder."""
    report = progress_reporter(progress, Path(path).name)
    return post_file("analytics/bundles", entry("analytic"), bundle_part(path, report), part="bundle")


def build(analytic_id: str) -> Call[Build]:
    """Get the build of a bundle."""
    return get(f"analytics/{path_segment(analytic_id)}/build", entry("build"))


def build_log(analytic_id: str, offset: int) -> Call[BuildLogPart]:
    """Get the log of a build from a byte offset on."""
    return get(f"analytics/{path_segment(analytic_id)}/build/log?offset={offset}", document)


def make_latest(analytic_id: str) -> Call[AnalyticRecord]:
    """Make a version the latest of its analytic."""
    return put_json(f"analytics/{path_segment(analytic_id)}/latest", entry("analytic"), {})


def delete(analytic_id: str) -> Call[None]:
    """Delete one version of an analytic."""
    return delete_path(f"analytics/{path_segment(analytic_id)}")


def batch_details(analytic_ids: Iterable[str]) -> Call[dict[str, BatchResponse]]:
    """Get the records of many analytics."""
    return batch("analytics", "details", analytic_ids)


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in "\\,:|" else character for character in text)
