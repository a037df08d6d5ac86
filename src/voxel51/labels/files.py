"""Label files: read JSON, and write files atomically."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from voxel51.labels.errors import InvalidLabels, Problem
from voxel51.labels.field_types import JsonValue


def read_document(path: str | os.PathLike[str]) -> JsonValue:
    """Return the content of the JSON file at ``path``.

    Raises:
        InvalidLabels: the file is not JSON in UTF-8.
        OSError: the file cannot be opened.
    """
    path = Path(path)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InvalidLabels([Problem("", f"{path.name} is not JSON: {error}", fatal=True)]) from None


def write_document(document: Mapping[str, JsonValue], path: str | os.PathLike[str]) -> None:
    """Write ``document`` to ``path`` atomically."""
    with atomic_file(Path(path)) as file:
        json.dump(document, file, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        file.write("\n")


@contextmanager
def atomic_file(path: Path) -> Iterator[TextIO]:
    """Yield a file that becomes ``path`` when the block ends, and is deleted if the block fails.

    It is synced to disk before it gets its name, and has the permissions of a new file.
    """
    draft = path.with_name(f".{path.name[:40]}.{secrets.token_hex(8)}")
    try:
        with draft.open("x", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
