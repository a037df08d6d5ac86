"""Earlier results: find the complete jobs of an owner whose results serve for items of a batch."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from sqlalchemy import Connection, select

from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.data.tables import data
from voxel51.server.database.chunks import in_chunks
from voxel51.server.jobs.requests import files_of
from voxel51.server.jobs.result_cache import Hashes, find_results, identity_of, is_deterministic, key_of
from voxel51.wire.analytics import AnalyticRecord
from voxel51.wire.jobs import JobRequestDocument

Item = TypeVar("Item")


class EarlierResults:
    """Finds jobs with the same run key (`voxel51.server.jobs.result_cache`)."""

    def __init__(self, analytics: AnalyticService) -> None:
        self._analytics = analytics

    def find(
        self, connection: Connection, owner_id: str, analytic: AnalyticRow, requests: Mapping[Item, JobRequestDocument]
    ) -> dict[Item, str]:
        """Return the id of a complete job for each item whose request was computed already."""
        if not is_deterministic(analytic):
            return {}
        identity = identity_of(self._analytics, analytic)
        hashes = _hashes(connection, owner_id, requests.values())
        keys = {item: _key(identity, analytic, request, hashes) for item, request in requests.items()}
        known = [(item, key) for item, key in keys.items() if key is not None]
        found: dict[Item, str] = {}
        for chunk in in_chunks(known):
            results = find_results(connection, owner_id, [key for _, key in chunk])
            found |= {item: results[key] for item, key in chunk if key in results}
        return found


def _key(identity: AnalyticRecord, analytic: AnalyticRow, request: JobRequestDocument, hashes: Hashes) -> str | None:
    try:
        return key_of(identity, analytic, request, hashes)
    except ValueError:  # the version was uploaded again with other inputs or parameters: submitting the job says which
        return None


def _hashes(connection: Connection, owner_id: str, requests: Iterable[JobRequestDocument]) -> dict[str, str | None]:
    """Return the SHA-256 of all data that the requests name."""
    files = (file for request in requests for part in files_of(request).values() for file in part.values())
    ids = sorted({file.data_id for file in files if file.data_id is not None})
    hashes: dict[str, str | None] = {}
    for chunk in in_chunks(ids):
        chosen = select(data.c.id, data.c.sha256).where(data.c.id.in_(chunk), data.c.owner_id == owner_id)
        hashes |= {row.id: row.sha256 for row in connection.execute(chosen)}
    return hashes
