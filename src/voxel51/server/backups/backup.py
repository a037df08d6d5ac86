"""Backup: copy a platform into a folder, also while it runs. A later backup into the same folder copies what is new.

The files are copied after the records: the platform stores a file before its record, so every record in the backup has
its file, except for files that were deleted during the backup.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import voxel51
from voxel51.server.backups.database_copy import FILES, copy_database, kind_of
from voxel51.server.data_folder import make_private
from voxel51.server.settings import Settings
from voxel51.server.storage.disk import sync_file, sync_folder
from voxel51.server.storage.hashing import sha256_of_file
from voxel51.wire import dates

MANIFEST = "backup.json"
STORAGE, KEY = "storage", "signing.key"
_PARTIAL = ".partial"

Progress = Callable[[int, int], None]
"""Receives the number of files that were copied, and of all files."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Description of a complete backup.

    Attributes:
        created_at: when the records were copied.
        version: of the program that made the backup.
        database: kind of the database.
        database_sha256: hash of its copy.
        files, bytes: number and size of the stored files.
    """

    created_at: str
    version: str
    database: str
    database_sha256: str
    files: int
    bytes: int


def back_up(settings: Settings, target: Path, progress: Progress = lambda _done, _total: None) -> Manifest:
    """Copy the platform into ``target``, a new folder or one with an earlier backup of any platform.

    Raises:
        RuntimeError: the platform cannot be read.
        OSError: the folder cannot be written, or holds something else. The backup in it is then incomplete.
    """
    _check_storage(settings)
    check_target(target)
    make_private(target)
    # Until the new manifest is written, the folder holds no complete backup.
    (target / MANIFEST).unlink(missing_ok=True)
    present = settings.storage_folder
    needed = {*stored_files(present)}  # files that vanish from now on may still be named by the copied records
    copied = target / FILES[kind_of(settings)]
    temporary = copied.with_name(f"{copied.name}.new")
    temporary.unlink(missing_ok=True)
    copy_database(settings, temporary)
    created_at = dates.to_text(dates.now())
    sync_file(temporary)
    temporary.replace(copied)
    for kind, name in FILES.items():
        if kind != kind_of(settings):
            (target / name).unlink(missing_ok=True)
    _copy_small(settings.secret_key_path, target / KEY)
    _copy_small(present / "identity", target / STORAGE / "identity")
    needed |= {*stored_files(present)}
    copy_files(present, target / STORAGE, sorted(needed), progress)
    _remove_others(target / STORAGE, needed)
    kept = [target / STORAGE / name for name in stored_files(target / STORAGE)]
    manifest = Manifest(
        created_at=created_at,
        version=voxel51.__version__,
        database=kind_of(settings),
        database_sha256=sha256_of_file(copied),
        files=len(kept),
        bytes=sum(path.stat().st_size for path in kept),
    )
    _write(target / MANIFEST, manifest)
    return manifest


def _check_storage(settings: Settings) -> None:
    if settings.storage_url:
        raise RuntimeError(
            f"the files are in {settings.storage_url}, which the backup does not copy. Use the versioning or "
            "replication of the bucket, and back up the database (pg_dump) and signing.key"
        )


def check_target(target: Path) -> None:
    """Raise OSError if ``target`` holds something other than a backup.

    Raises:
        OSError: it does, or it is a data folder.
    """
    if not target.exists():
        return
    known = {MANIFEST, STORAGE, KEY, *FILES.values(), *(f"{name}.new" for name in FILES.values())}
    if others := sorted(path.name for path in target.iterdir() if path.name not in known):
        raise OSError(f"{target} holds {others[0]!r}, which is not part of a backup. Name a new folder.")
    check_no_links(target)


def check_no_links(folder: Path) -> None:
    """Raise OSError if there is a symbolic link in ``folder``: backups have none, and one may lead to any file.

    Raises:
        OSError: there is one.
    """
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if (path := Path(parent, name)).is_symlink():
                raise OSError(f"{path} is a symbolic link, which a backup does not have. Name another folder.")


def stored_files(storage: Path) -> Iterator[str]:
    """Yield the path of each complete file below a storage folder, relative to it."""
    for path in storage.glob("*/?/*"):
        if path.is_file() and not path.name.endswith(_PARTIAL):
            yield str(path.relative_to(storage))


def copy_files(source: Path, target: Path, names: list[str], progress: Progress) -> None:
    """Copy those of the files that ``target`` lacks. Stored files never change, so equal sizes mean equal files."""
    for done, name in enumerate(names, start=1):
        path = target / name
        try:
            if not path.exists() or path.stat().st_size != (source / name).stat().st_size:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                temporary = path.with_name(path.name + _PARTIAL)
                shutil.copyfile(source / name, temporary)
                sync_file(temporary)
                temporary.replace(path)
        except FileNotFoundError:  # deleted meanwhile, with its record
            continue
        finally:
            progress(done, len(names))
    for folder in {(target / name).parent for name in names}:
        if folder.exists():
            sync_folder(folder)


def _copy_small(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(source, target)
        target.chmod(0o600)
        sync_file(target)


def _remove_others(storage: Path, needed: set[str]) -> None:
    """Remove files of earlier backups that the platform no longer has, and those of interrupted ones."""
    for path in storage.glob("*/?/*"):
        if str(path.relative_to(storage)) not in needed:
            path.unlink()


def _write(path: Path, manifest: Manifest) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
    sync_file(temporary)
    temporary.replace(path)
    sync_folder(path.parent)
