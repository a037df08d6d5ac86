"""Restore: make a platform from a backup, in a new data folder and an empty database."""

import json
import shutil
from pathlib import Path

from voxel51.server.backups.backup import (
    KEY,
    MANIFEST,
    STORAGE,
    Manifest,
    Progress,
    check_no_links,
    copy_files,
    stored_files,
)
from voxel51.server.backups.database_copy import FILES, is_empty, kind_of, restore_database
from voxel51.server.data_folder import make_private
from voxel51.server.database.opening import open_database, shown_url
from voxel51.server.settings import Settings
from voxel51.server.storage.hashing import sha256_of_file
from voxel51.server.storage.local import LocalStorage
from voxel51.server.storage.verification import Verification
from voxel51.server.wiring.verification import build_verifier

_MARKER = "restore-unfinished"
"""File in a data folder whose restore was begun, so that another try goes on."""


def restore(
    settings: Settings, source: Path, progress: Progress = lambda _done, _total: None
) -> tuple[Manifest, Verification]:
    """Restore the backup in ``source``, and compare all restored files with their records.

    A restore that was interrupted can be repeated. The database is restored last.

    Raises:
        RuntimeError: the backup is incomplete or damaged, or is of the other kind of database; or the data folder or
            the database is not empty.
        OSError: the backup has a symbolic link, or a file cannot be read or written.
    """
    check_no_links(source)
    manifest = read_manifest(source)
    _check(settings, source, manifest)
    make_private(settings.folder)
    (settings.folder / _MARKER).touch(mode=0o600)
    shutil.copyfile(source / KEY, settings.secret_key_path)
    (settings.secret_key_path).chmod(0o600)
    storage = settings.storage_folder
    storage.mkdir(mode=0o700, exist_ok=True)
    copy_files(source / STORAGE, storage, sorted(stored_files(source / STORAGE)), progress)
    if (source / STORAGE / "identity").exists():
        shutil.copyfile(source / STORAGE / "identity", storage / "identity")
    restore_database(settings, source / FILES[kind_of(settings)])
    (settings.folder / _MARKER).unlink()
    database = open_database(settings)
    try:
        verifier = build_verifier(database, LocalStorage(storage, settings.disk_reserve_bytes))
        return manifest, verifier.verify(repair=False)
    finally:
        database.close()


def read_manifest(source: Path) -> Manifest:
    """Return the description of the backup in ``source``.

    Raises:
        RuntimeError: it holds no complete backup.
    """
    try:
        return Manifest(**json.loads((source / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RuntimeError(f"{source} holds no complete backup: {MANIFEST} not found. Back up again.") from None
    except (ValueError, TypeError):
        raise RuntimeError(f"{source / MANIFEST} is damaged. Use another backup.") from None


def _check(settings: Settings, source: Path, manifest: Manifest) -> None:
    if manifest.database != kind_of(settings):
        advice = "Set" if manifest.database == "postgresql" else "Do not set"
        raise RuntimeError(
            f"the backup is of a {manifest.database} database, and the settings name a {kind_of(settings)} one. "
            f"{advice} VOXEL51_SERVER_DATABASE_URL."
        )
    if sha256_of_file(source / FILES[kind_of(settings)]) != manifest.database_sha256:
        raise RuntimeError(f"{source / FILES[kind_of(settings)]} is damaged: its SHA-256 differs. Use another backup.")
    folder = settings.folder
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise RuntimeError(f"{folder} is not empty. Restore into a new data folder (--dir), or move the files away.")
    if not is_empty(settings):
        raise RuntimeError(f"the database {shown_url(settings)} is not empty. Restore into a new database.")
