"""Renditions: request derived files (thumbnails, clips, exports), wait until they are ready, and download them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from voxel51.transport.saving import DownloadProgress, local_name
from voxel51.users.calls.call import path_segment
from voxel51.users.calls.labels import joined
from voxel51.users.calls.renditions import RenditionRequest, content, first_byte
from voxel51.users.downloading import FilePath, download
from voxel51.users.flows import Flow, Pause, fetch
from voxel51.wire.documents import JsonObject

_PAUSE_SECONDS = 0.1
"""The pause between two polls. It is short because the platform holds each response back until there is news."""


def save_rendition(
    rendition: RenditionRequest, path: FilePath | None, progress: bool | DownloadProgress | None = None
) -> Flow[FilePath]:
    """Download a rendition once it is ready, by default under its own name, and return the path."""
    name = yield from _wait_until_ready(rendition)
    path = path or local_name(name, otherwise=rendition.name)
    yield from download(content(rendition), path, progress)
    return path


def read_rendition(rendition: RenditionRequest) -> Flow[JsonObject]:
    """Return the content of a rendition that is a JSON document, once it is ready."""
    document: JsonObject = json.loads((yield from rendition_bytes(rendition)))
    return document


def rendition_bytes(rendition: RenditionRequest) -> Flow[bytes]:
    """Return the content of a rendition, once it is ready."""
    yield from _wait_until_ready(rendition)
    return (yield from fetch(content(rendition)))


def of_data(data_id: str, kind: str, arguments: Mapping[str, object]) -> RenditionRequest:
    """Return the request for a rendition of data."""
    return RenditionRequest.of("data", data_id, kind, arguments)


def of_job(job_id: str, kind: str, arguments: Mapping[str, object]) -> RenditionRequest:
    """Return the request for a rendition of a job's output."""
    return RenditionRequest.of("jobs", job_id, kind, arguments)


def of_dataset(dataset_id: str, kind: str) -> RenditionRequest:
    """Return the request for a rendition of a dataset."""
    return RenditionRequest.of("datasets", dataset_id, kind, {})


def of_chart(chart: str, output_format: str, **chosen: str | int | None) -> RenditionRequest:
    """Return the request for a chart of the labels of a set of videos."""
    given = {name: str(value) for name, value in chosen.items() if value is not None}
    path = f"labels/charts/{path_segment(chart)}"
    return RenditionRequest(path, f"{chart}.{output_format}", {**given, "format": output_format})


def of_moments(labels: Iterable[str], zone: Iterable[tuple[float, float]] | None, **given: Any) -> RenditionRequest:
    """Return the request for the moments in which labels are seen. Conditions that are None or False are not sent."""
    arguments = {name: value for name, value in given.items() if value is not None and value is not False}
    if arguments.get("together"):
        arguments["together"] = "true"
    if zone is not None:
        arguments["zone"] = ";".join(f"{round(x, 6)},{round(y, 6)}" for x, y in zone)
    return RenditionRequest("labels/moments", "moments.json", {**arguments, "labels": joined(labels)})


def of_query(sql: str, output_format: str) -> RenditionRequest:
    """Return the request for the result of an SQL query over labels."""
    return RenditionRequest("labels/sql", f"result.{output_format}", {"sql": sql, "format": output_format})


def _wait_until_ready(rendition: RenditionRequest) -> Flow[str]:
    """Return the name of the file once the rendition is ready."""
    while True:
        state = yield from fetch(first_byte(rendition))
        if isinstance(state, str):
            return state
        yield Pause(_PAUSE_SECONDS)
