"""Downloading: to a file that is whole or not there, going on after whatever cuts it."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from voxel51.transport.errors import APIError, ConnectionFailed
from voxel51.transport.partial import PartialFile
from voxel51.transport.saving import Direct, DownloadProgress
from voxel51.users.calls.call import Call
from voxel51.users.flows import Flow, Identify, Pause, Receive
from voxel51.users.progress import shown
from voxel51.wire.backoff import Backoff

_PASSING = {429, 502, 503, 504}
_MOST_FAILURES = 12
_BACKOFF = Backoff(first_seconds=0.1, longest_seconds=5.0, jitter=0.5)


def download(
    call: Call[Any], path: str | os.PathLike[str], progress: bool | DownloadProgress | None = None
) -> Flow[None]:
    """Save the file that ``call`` gets to ``path``.

    Raises:
        Damaged: its size or hash is not what the platform says; there is no file then.
        OSError: it cannot be written.
    """
    path = Path(path)
    reported = shown(progress, path.name)
    if path.is_dir():
        raise IsADirectoryError(f"{os.fspath(path)!r} is a folder; give the path of the file to write")
    if path.exists() and not path.is_file():  # a device or a pipe takes what comes, once
        with Direct(path, reported) as direct:
            yield Receive(call, direct)
        return
    whose = yield Identify()
    partial = PartialFile(path, f"{whose}/{call.path}", reported)
    try:
        yield from _receive(call, partial)
        partial.finish()
    except BaseException:
        partial.give_up()
        raise


def _receive(call: Call[Any], partial: PartialFile) -> Flow[None]:
    failures, furthest_bytes = 0, 0
    while True:
        asked = replace(call, headers={**call.headers, **partial.headers()})
        try:
            yield Receive(asked, partial)
            return
        except APIError as error:
            if partial.size_bytes > furthest_bytes:
                failures, furthest_bytes = 0, partial.size_bytes
            failures += 1
            if error.code == 416 and partial.tag is not None:  # there is no such rest: it is whole, or of another file
                partial.start_anew()
            elif not (isinstance(error, ConnectionFailed) or error.code in _PASSING) or failures > _MOST_FAILURES:
                raise
        yield Pause(_BACKOFF.seconds(failures))
