"""Bundles: pack the Python file or project folder of an analytic for its upload.

The archive of a folder depends on its files alone, not on times, owners or the order of the disk: deploying the same
folder twice gives the same bytes.
"""

import gzip
import io
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from voxel51.transport.multipart import FilePart, UploadProgress
from voxel51.users.ignore_rules import IgnoreRules
from voxel51.wire.bundles import is_excluded

_CHUNK_BYTES = 256 * 1024
_IGNORE_FILE = ".gitignore"


def bundle_part(path: str | os.PathLike[str], progress: UploadProgress | None = None) -> FilePart:
    """Return the Python file or project folder at ``path`` as a part of a form.

    Of a folder, version control, caches and virtual environments are left out, and what its ``.gitignore`` names.

    Raises:
        FileNotFoundError: the path does not exist.
        ValueError: it is neither a Python file nor a folder, or the folder has a link.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"file or folder not found: {str(path)!r}")
    if path.is_dir():
        return _packed(path.resolve(), progress)
    if path.suffix != ".py":
        raise ValueError(f"{str(path)!r} is neither a .py file nor a project folder")
    return FilePart.from_path(path, progress)


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files that a bundle of ``folder`` has, in order of their paths.

    Raises:
        ValueError: one is a link.
    """
    ignore_file = folder / _IGNORE_FILE
    rules = IgnoreRules(ignore_file.read_text(encoding="utf-8") if ignore_file.is_file() else "")
    for path in sorted(_walk(folder, folder, rules)):
        if path.is_symlink():
            raise ValueError(f"{str(path)!r} is a link. Put the file itself there, or name it in {_IGNORE_FILE}")
        if path.is_file():
            yield path


def _walk(folder: Path, root: Path, rules: IgnoreRules) -> Iterator[Path]:
    for path in folder.iterdir():
        relative = path.relative_to(root)
        is_folder = path.is_dir() and not path.is_symlink()
        # A folder is excluded if any file in it would be.
        parts = (*relative.parts, "") if is_folder else relative.parts
        if is_excluded(parts) or rules.ignores(relative.as_posix(), is_folder=is_folder):
            continue
        if is_folder:
            yield from _walk(path, root, rules)
        else:
            yield path


def _packed(folder: Path, progress: UploadProgress | None) -> FilePart:
    import tarfile  # noqa: PLC0415  (slow, and only for folders)

    archive = io.BytesIO()  # platforms limit the size of bundles: they fit into memory
    with (
        gzip.GzipFile("", "wb", fileobj=archive, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as entries,
    ):
        for path in files_of(folder):
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            with path.open("rb") as file:
                entry.size = os.fstat(file.fileno()).st_size
                entries.addfile(entry, file)
    chunks = partial(_chunks, archive.getbuffer(), progress)
    return FilePart(f"{folder.name}.tar.gz", "application/gzip", chunks, archive.tell())


def _chunks(content: memoryview, progress: UploadProgress | None) -> Iterator[bytes]:
    for start in range(0, len(content), _CHUNK_BYTES):
        chunk = bytes(content[start : start + _CHUNK_BYTES])
        yield chunk
        if progress is not None:
            progress(start + len(chunk), len(content))
