"""Moved files: copy all files of one storage into another, and continue a copy that was interrupted."""

from concurrent.futures import ThreadPoolExecutor

from voxel51.server.backups.backup import Progress
from voxel51.server.storage.partial import FileInfo
from voxel51.server.storage.storage import Storage

_AT_ONCE = 8
"""Files that are copied at the same time: most are small, and each takes a few round trips to a bucket."""


def copy_storage(source: Storage, target: Storage, progress: Progress) -> int:
    """Copy the files that ``target`` lacks; return how many ``source`` has. Stored files never change.

    Raises:
        voxel51.server.errors.ServiceError: a storage cannot be used, or is full. Another call goes on from there.
    """
    files = [*source.files()]
    present = {file.key: file.size_bytes for file in target.files()}
    missing = [file for file in files if present.get(file.key) != file.size_bytes]
    done = len(files) - len(missing)
    progress(done, len(files))
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="move")
    try:
        for copied, _ in enumerate(threads.map(lambda file: _copy(source, target, file), missing), start=1):
            progress(done + copied, len(files))
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
    return len(files)


def copy_partial_files(source: Storage, target: Storage) -> int:
    """Copy the files of unfinished uploads, all again since they grow; return how many there are."""
    unfinished = [*source.partial.unfinished()]
    for file in unfinished:
        target.partial.discard(file.key)
        partial = target.partial.open(file.key, file.size_bytes)
        try:
            for chunk in source.partial.read(file.key):
                partial.append(chunk)
        finally:
            partial.close()
    return len(unfinished)


def _copy(source: Storage, target: Storage, file: FileInfo) -> None:
    try:
        reader = source.read(file.key)
    except FileNotFoundError:  # deleted meanwhile, with its record
        return
    writer = target.writer(file.key, file.size_bytes)
    try:
        for chunk in reader:
            writer.write(chunk)
        writer.commit()
    finally:
        reader.close()
        writer.abort()
