"""Calls about renditions: what is made of data and results to look at them, or to read them elsewhere."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from voxel51.transport.messages import BufferedResponse
from voxel51.users.calls.call import Call, get, part_of_path
from voxel51.wire.renditions import PendingRendition

WAIT_SECONDS = 10
"""How long the platform is asked to hold its answer back while it makes one."""

_MAKING = 202
_FILENAME = re.compile(r'filename="([^"]*)"')


@dataclass(frozen=True, slots=True)
class RenditionRequest:
    """One that is asked for: the ``noun`` ("data" or "jobs") and id of what it is of, its kind, its arguments."""

    noun: str
    of: str
    kind: str
    arguments: Mapping[str, Any]


def content(rendition: RenditionRequest) -> Call[bytes]:
    """The file, once it is made."""
    return get(_path(rendition, {}), bytes)


def first_byte(rendition: RenditionRequest) -> Call[PendingRendition | str]:
    """How far it is; once it is made, what its file is called."""
    path = _path(rendition, {"wait": WAIT_SECONDS})
    headers = {"Range": "bytes=0-0"}
    return Call("GET", path, _never, headers=headers, repeatable=True, read_answer=_read)


def _path(rendition: RenditionRequest, more: Mapping[str, Any]) -> str:
    given = {name: value for name, value in {**rendition.arguments, **more}.items() if value is not None}
    path = f"{rendition.noun}/{part_of_path(rendition.of)}/renditions/{part_of_path(rendition.kind)}"
    return f"{path}?{urlencode(given)}" if given else path


def _read(answer: BufferedResponse) -> PendingRendition | str:
    if answer.status == _MAKING:
        making: PendingRendition = json.loads(answer.body)
        return making
    found = _FILENAME.search(answer.headers.get("content-disposition", ""))
    return found[1] if found else ""


def _never(_body: bytes) -> PendingRendition | str:
    raise TypeError("its headers are needed, too")
