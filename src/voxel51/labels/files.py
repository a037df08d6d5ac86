"""Label files: read as JSON, and written so that nobody ever sees half of one."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from voxel51.labels.errors import InvalidLabels, Problem


def read_document(path: Path) -> Any:
    """What the JSON file at ``path`` holds.

    Raises:
        InvalidLabels: it is no JSON in UTF-8.
        OSError: it cannot be opened.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InvalidLabels([Problem("", f"{path.name} is no JSON: {error}", fatal=True)]) from None


def write_document(document: Mapping[str, Any], path: Path) -> None:
    """Write ``document`` to ``path``, whole or not at all."""
    with whole_file(path) as file:
        json.dump(document, file, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        file.write("\n")


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A file to write to that becomes ``path`` when the block ends, and vanishes when the block fails.

    It is on disk before it gets its name, with the permissions a new file would have.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unwanted = os.umask(0)
        os.umask(unwanted)
        Path(name).chmod(0o666 & ~unwanted)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
