"""Log files of the original SDK: all logging in one file, older files kept under numbers."""

import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

KEPT_FILES = 9
"""Number of older log files that are kept, as ``image.log.1`` to ``image.log.9``."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_to_file(path: str | os.PathLike[str], *, rotate: bool) -> None:
    """Write all logging of this process to the file ``path`` from now on, and to standard output.

    An existing file is renamed if ``rotate``, and continued otherwise. A second call replaces the file of the first.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _LogFile | _Output)]:
        root.removeHandler(handler)
        handler.close()
    file = _LogFile(path, backupCount=KEPT_FILES, encoding="utf-8")
    if rotate and path.stat().st_size:
        file.doRollover()
    for handler in (file, _Output(sys.stdout)):
        handler.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(handler)
    root.setLevel(logging.INFO)


class _LogFile(RotatingFileHandler):
    """The file of `log_to_file`."""


class _Output(logging.StreamHandler):  # type: ignore[type-arg]  # generic in the type stubs only
    """Standard output, which a container's entry script copies to a backup log."""
