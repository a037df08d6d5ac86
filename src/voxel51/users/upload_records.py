"""Records of unfinished uploads, by which the next run of a script resumes them.

Each record is one small file in ``~/.voxel51/uploads``, readable by its owner only. It names the upload and the file,
and contains no secret.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from voxel51.users.sources import Source
from voxel51.wire.hashing import new_sha256

FOLDER = Path("~/.voxel51/uploads")
_LIFETIME_DAYS = 30


class UploadRecord:
    """The record of one unfinished upload.

    Failures to read or write it are ignored, and so is a source without an identity: the upload then starts again.

    Args:
        source: the file.
        caller: a text that identifies platform and caller. The record's name is a hash of both.
    """

    def __init__(self, source: Source, caller: str) -> None:
        self._source = source
        text = json.dumps([caller, source.identity])
        name = new_sha256(text.encode(errors="replace")).hexdigest()[:32]
        self._path = None if source.identity is None else FOLDER.expanduser() / f"{name}.json"

    def upload_id(self) -> str | None:
        """Return the id of the upload to resume; None without a record."""
        if self._path is None:
            return None
        try:
            upload_id = json.loads(self._path.read_bytes())["upload_id"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return upload_id if isinstance(upload_id, str) else None

    def save(self, upload_id: str) -> None:
        """Record that ``upload_id`` is the upload to resume."""
        if self._path is None:
            return
        content = {"upload_id": upload_id, "name": self._source.name}
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._delete_old()
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
                json.dump(content, file)
            temporary.replace(self._path)

    def delete(self) -> None:
        """Delete the record."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _delete_old(self) -> None:
        assert self._path is not None  # noqa: S101  (checked by the caller)
        for path in self._path.parent.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _LIFETIME_DAYS * 86400:
                    path.unlink()
