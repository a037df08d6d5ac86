"""Dataset archive: a zip file whose bytes depend only on its entries, never on the time or the machine."""

import shutil
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Self

_DATE = (1980, 1, 1, 0, 0, 0)
_STORED_SUFFIXES = frozenset({".jpg", ".parquet"})
"""Files that are compressed already."""


class DatasetArchive:
    """Writer of a zip file at ``path``; a context manager that completes it."""

    def __init__(self, path: Path) -> None:
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, content: bytes | str) -> None:
        """Add a file. Text is encoded as UTF-8."""
        self._file.writestr(_entry(name), content)

    def add_file(self, name: str, path: Path) -> None:
        """Add a copy of the file at ``path``, which may be larger than the memory."""
        entry = _entry(name)
        entry.file_size = path.stat().st_size
        with path.open("rb") as source, self._file.open(entry, "w") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)

    def add_folder(self, name: str, folder: Path) -> None:
        """Add all files below ``folder``, in the order of their names."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.add_file(f"{name}/{path.relative_to(folder).as_posix()}", path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_STORED if Path(name).suffix in _STORED_SUFFIXES else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
