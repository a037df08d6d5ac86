"""What a client remembers of its unfinished uploads, so that the next run of a script goes on with them.

One small file each in ``~/.voxel51/uploads``, for its owner alone. It names upload and file, and holds no secret.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from voxel51.users.sources import Source

FOLDER = Path("~/.voxel51/uploads")
_LONGEST_DAYS = 30


class Remembered:
    """The note about one upload of ``source`` to a platform by somebody; both are in ``whose``, of which only a hash
    is kept. Where nothing can be written, or the source has no identity, nothing is remembered, and that is no error.
    """

    def __init__(self, source: Source, whose: str) -> None:
        self._source = source
        text = json.dumps([whose, source.identity])
        name = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
        self._path = None if source.identity is None else FOLDER.expanduser() / f"{name}.json"

    def upload_id(self) -> str | None:
        """The upload to go on with; None when there is none."""
        if self._path is None:
            return None
        try:
            upload_id = json.loads(self._path.read_bytes())["upload_id"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return upload_id if isinstance(upload_id, str) else None

    def keep(self, upload_id: str) -> None:
        """Note that ``upload_id`` is the one to go on with."""
        if self._path is None:
            return
        note = {"upload_id": upload_id, "name": self._source.name}
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._forget_old()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
                json.dump(note, file)
            temporary.replace(self._path)

    def forget(self) -> None:
        """Note that there is nothing to go on with."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        assert self._path is not None  # noqa: S101  (checked by the caller)
        for path in self._path.parent.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _LONGEST_DAYS * 86400:
                    path.unlink()
