"""Calls about renditions: files that the platform derives from data and job outputs, such as thumbnails and exports."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from voxel51.transport.messages import BufferedResponse
from voxel51.users.calls.call import Call, body_is_not_enough, get, path_segment
from voxel51.wire.renditions import PendingRendition

WAIT_SECONDS = 10
"""The time for which the platform may hold its response back while the rendition is pending."""

_PENDING = 202
_FILENAME = re.compile(r'filename="([^"]*)"')


@dataclass(frozen=True, slots=True)
class RenditionRequest:
    """Request for a rendition.

    Attributes:
        path: the path of the rendition, below the base URL.
        name: the name of the file if the platform states none.
        arguments: its arguments; those that are None are not sent.
    """

    path: str
    name: str
    arguments: Mapping[str, object]

    @classmethod
    def of(cls, noun: str, source_id: str, kind: str, arguments: Mapping[str, object]) -> Self:
        """Return the request for the rendition ``kind`` of ``data``, ``jobs`` or ``datasets``."""
        path = f"{noun}/{path_segment(source_id)}/renditions/{path_segment(kind)}"
        return cls(path, kind, arguments)


def content(rendition: RenditionRequest) -> Call[bytes]:
    """Get the file of a rendition that is ready."""
    return get(_path(rendition, {}), bytes)


def first_byte(rendition: RenditionRequest) -> Call[PendingRendition | str]:
    """Request one byte, which starts the rendition. The result is its progress, or its file name once it is ready."""
    path = _path(rendition, {"wait": WAIT_SECONDS})
    headers = {"Range": "bytes=0-0"}
    return Call("GET", path, body_is_not_enough, headers=headers, repeatable=True, read_response=_read)


def _path(rendition: RenditionRequest, more: Mapping[str, object]) -> str:
    arguments = {name: value for name, value in {**rendition.arguments, **more}.items() if value is not None}
    return f"{rendition.path}?{urlencode(arguments)}" if arguments else rendition.path


def _read(response: BufferedResponse) -> PendingRendition | str:
    if response.status == _PENDING:
        pending: PendingRendition = json.loads(response.body)
        return pending
    found = _FILENAME.search(response.headers.get("content-disposition", ""))
    return found[1] if found else ""
