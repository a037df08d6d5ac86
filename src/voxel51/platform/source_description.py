"""Source description: ``python -m voxel51.platform.source_description SOURCE RESULT FOLDER…`` describes a bundle.

It imports the Python file or project folder ``SOURCE``, with ``FOLDER…`` at the end of the search path of modules, and
writes one JSON document to the file ``RESULT``: the description of `voxel51.platform.installed_analytics`, or the
reason why it cannot be described: ``error``, with ``file`` (relative to the source), ``line`` and ``field`` (of the
manifest) if they are known.
"""

import json
import re
import sys
import traceback
from pathlib import Path

from voxel51.labels.field_types import JsonValue
from voxel51.platform.errors import InvalidAnalytic
from voxel51.platform.installed_analytics import describe

_PLACE = re.compile(r"^(?P<file>.+?):(?P<line>\d+): (?P<text>.*)$", re.DOTALL)


def describe_source(source: Path) -> dict[str, JsonValue]:
    """Return the description of the analytic of ``source``, or the error that its import causes, with its place."""
    try:
        return describe(str(source))
    except BaseException as error:  # also SystemExit: the source decides nothing but its own description
        if not isinstance(error, InvalidAnalytic):  # its text has the line; its traceback has lines of the SDK only
            traceback.print_exc()
        return failure_of(error, source)


def failure_of(error: BaseException, source: Path) -> dict[str, JsonValue]:
    """Return the ``error`` that importing ``source`` raised, with its place, as `describe_source` returns it."""
    return _failure(error, source if source.is_dir() else source.parent)


def _failure(error: BaseException, root: Path) -> dict[str, JsonValue]:
    file, line = _place(error, root)
    text = str(error) or type(error).__name__
    found = _PLACE.match(text) if isinstance(error, InvalidAnalytic) else None
    if found is not None and isinstance(error, InvalidAnalytic):
        place = {"file": _relative(found["file"], root) or file, "line": int(found["line"])}
        return {"error": found["text"], **place, "field": error.field}
    if isinstance(error, SyntaxError):
        text = f"invalid syntax: {error.msg}"
    elif not type(error).__module__.startswith("voxel51."):
        text = f"{type(error).__name__}: {text}"
    return {"error": text, "file": file, "line": line}


def _place(error: BaseException, root: Path) -> tuple[str | None, int | None]:
    """Return the file of the source, and the line, at which an error arose."""
    if isinstance(error, SyntaxError) and error.filename:
        file = _relative(error.filename, root)
        if file is not None:
            return file, error.lineno
    frames = [(_relative(frame.filename, root), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    return next(((file, line) for file, line in reversed(frames) if file is not None), (None, None))


def _relative(file: str, root: Path) -> str | None:
    path = Path(file)
    if not path.is_absolute():
        return file if (root / file).is_file() else None
    return str(path.relative_to(root)) if path.is_relative_to(root) else None


def main(arguments: list[str]) -> None:
    """Describe the source and write the result."""
    source, result, *folders = arguments
    sys.path += folders
    Path(result).write_text(json.dumps(describe_source(Path(source))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
