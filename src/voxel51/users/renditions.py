"""Renditions: having them made, and downloading them."""

import json
from collections.abc import Mapping
from typing import Any

from voxel51.transport.saving import DownloadProgress, local_name
from voxel51.users.calls.renditions import RenditionRequest, content, first_byte
from voxel51.users.downloading import download
from voxel51.users.flows import Flow, Pause, fetch
from voxel51.users.several import Path

_PAUSE_SECONDS = 0.1


def save_rendition(
    rendition: RenditionRequest, path: Path | None, progress: bool | DownloadProgress | None = None
) -> Flow[Path]:
    """Download it once it is made, by default under its own name; returns where it is."""
    name = yield from _made(rendition)
    path = path or local_name(name, otherwise=rendition.kind)
    yield from download(content(rendition), path, progress)
    return path


def read_rendition(rendition: RenditionRequest) -> Flow[dict[str, Any]]:
    """What it says, once it is made: one that is a JSON document."""
    yield from _made(rendition)
    body = yield from fetch(content(rendition))
    said: dict[str, Any] = json.loads(body)
    return said


def of_data(data_id: str, kind: str, arguments: Mapping[str, Any]) -> RenditionRequest:
    """A rendition of data."""
    return RenditionRequest("data", data_id, kind, arguments)


def of_job(job_id: str, kind: str, arguments: Mapping[str, Any]) -> RenditionRequest:
    """A rendition of what a job found."""
    return RenditionRequest("jobs", job_id, kind, arguments)


def _made(rendition: RenditionRequest) -> Flow[str]:
    """Return when it is made; what its file is called."""
    while True:
        state = yield from fetch(first_byte(rendition))
        if isinstance(state, str):
            return state
        yield Pause(_PAUSE_SECONDS)
