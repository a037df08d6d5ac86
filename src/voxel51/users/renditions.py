"""Renditions: request derived files (thumbnails, clips, exports), wait until they are ready, and download them."""

import json
from collections.abc import Mapping

from voxel51.transport.saving import DownloadProgress, local_name
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
    yield from _wait_until_ready(rendition)
    body = yield from fetch(content(rendition))
    document: JsonObject = json.loads(body)
    return document


def of_data(data_id: str, kind: str, arguments: Mapping[str, object]) -> RenditionRequest:
    """Return the request for a rendition of data."""
    return RenditionRequest.of("data", data_id, kind, arguments)


def of_job(job_id: str, kind: str, arguments: Mapping[str, object]) -> RenditionRequest:
    """Return the request for a rendition of a job's output."""
    return RenditionRequest.of("jobs", job_id, kind, arguments)


def of_dataset(dataset_id: str, kind: str) -> RenditionRequest:
    """Return the request for a rendition of a dataset."""
    return RenditionRequest.of("datasets", dataset_id, kind, {})


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
