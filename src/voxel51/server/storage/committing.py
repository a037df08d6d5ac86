"""Committing several files at the same time: a disk syncs them in the time of one, and a store in the cloud as well."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from voxel51.server.storage.storage import Writer


def commit_all(writers: Iterable[Writer]) -> None:
    """Commit files; see `Writer.commit`. If one cannot be committed, others may be.

    Raises:
        voxel51.server.errors.OutOfSpace: the storage is full.
        voxel51.server.errors.Unavailable: the storage cannot be used now.
    """
    first, *others = writers
    if not others:
        first.commit()
        return
    with ThreadPoolExecutor(len(others), thread_name_prefix="commit") as pool:
        commits = [pool.submit(other.commit) for other in others]
        first.commit()
    for commit in commits:
        commit.result()
