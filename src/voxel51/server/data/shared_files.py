"""Shared files: records of one owner with the same bytes refer to one file of the storage."""

import logging
from collections.abc import Sequence

from voxel51.server.storage.storage import Storage

log = logging.getLogger(__name__)


def share(storage: Storage, present: Sequence[str], new: str) -> str:
    """Replace the files ``present`` by the same bytes in ``new``; return the key to record."""
    try:
        for key in present:
            storage.restore(key, new)
    except OSError as error:  # keep the new file too: the present ones may be damaged
        log.warning("stored files (%s) cannot be replaced by the same bytes: %s", ", ".join(present), error)
        return new
    return present[0] if present else new
