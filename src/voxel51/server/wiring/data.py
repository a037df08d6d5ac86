"""Wiring of data: files, resumable uploads, files on other hosts, and the storage quota."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from voxel51.server.analytics.builds import bytes_of_bundles
from voxel51.server.collections import filters
from voxel51.server.data import labelling
from voxel51.server.data.direct_routes import direct_upload_routes
from voxel51.server.data.direct_uploads import DirectUploadService
from voxel51.server.data.hashing import HashingThread
from voxel51.server.data.in_place import InPlaceService
from voxel51.server.data.labelling import LabellingService
from voxel51.server.data.quota_routes import quota_routes
from voxel51.server.data.records import DataLists
from voxel51.server.data.reuse import ReuseService
from voxel51.server.data.routes import data_routes
from voxel51.server.data.service import DataService
from voxel51.server.data.source_scan import SourceScan, SourceScanner
from voxel51.server.data.sources import SourceService
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data.uploads_routes import upload_routes
from voxel51.server.data.uploads_service import UploadService
from voxel51.server.database.signals import RELEASE, SOURCES, UPLOADS
from voxel51.server.http.route import Route, with_default_scope
from voxel51.server.reviews.service import stored_review_bytes
from voxel51.server.search import data_filters
from voxel51.server.wiring.accounts import AccountServices
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.sources import in_place_service
from voxel51.wire.accounts import Scope
from voxel51.wire.data import DataRecord


@dataclass(frozen=True, slots=True)
class DataServices:
    """All services of data."""

    foundation: Foundation
    storage_quota: StorageQuota
    data: DataService
    uploads: UploadService
    direct_uploads: DirectUploadService
    hashing: HashingThread
    in_place: InPlaceService
    source_scan: SourceScan
    scanner: SourceScanner
    sources: SourceService
    reuse: ReuseService
    labelling: LabellingService

    def routes(self, accounts: AccountServices) -> Iterable[Route]:
        """Yield the routes of data."""
        limit_bytes = self.foundation.settings.upload_limit_bytes
        data = data_routes(self.data, self.sources, self.reuse, self.labelling)
        yield from with_default_scope(Scope.UPLOAD, data)
        uploads = upload_routes(self.uploads, self.direct_uploads, limit_bytes, self.foundation.public_api_path)
        yield from with_default_scope(Scope.UPLOAD, uploads)
        yield from direct_upload_routes(self.direct_uploads, self.data)
        yield from quota_routes(accounts.quotas, self.storage_quota, accounts.accounts, accounts.applications)


def build_data(foundation: Foundation, accounts: AccountServices) -> DataServices:
    """Build the services of data."""
    database, storage, settings = foundation.database, foundation.storage, foundation.settings
    storage_quota = StorageQuota(accounts.quotas, _further_bytes)
    data = DataService(
        database,
        storage,
        foundation.lifetime,
        foundation.public_links(),
        storage_quota,
        foundation.expiry_clock.is_believed,
        _lists(),
    )
    limit_bytes, unfinished = settings.upload_limit_bytes, timedelta(days=settings.unfinished_upload_days)
    hashing = HashingThread(database, storage, lambda: foundation.process.leads)
    foundation.signals.on(UPLOADS, hashing.wake)
    in_place = in_place_service(database, settings)
    scan = SourceScan(database, in_place, foundation.cipher("sources"), settings.user_source_files)
    scan.on_added(partial(_announce, data))
    scanner = SourceScanner(in_place, scan, lambda: foundation.process.leads)
    foundation.signals.on(SOURCES, scanner.wake)
    return DataServices(
        foundation=foundation,
        storage_quota=storage_quota,
        data=data,
        uploads=_uploads(foundation, data, storage_quota, limit_bytes, unfinished),
        direct_uploads=DirectUploadService(
            database, storage, data, limit_bytes, unfinished, storage_quota, foundation.signals.sender(UPLOADS)
        ),
        hashing=hashing,
        in_place=in_place,
        source_scan=scan,
        scanner=scanner,
        sources=SourceService(
            database, foundation.guard, foundation.cipher("sources"), limit_bytes, foundation.lifetime, in_place
        ),
        reuse=ReuseService(database, storage, foundation.lifetime),
        labelling=LabellingService(database),
    )


def _announce(
    data: DataService, connection: Connection, _source_id: str, owner_id: str, records: Sequence[DataRecord]
) -> None:
    for record in records:
        data.announce(connection, owner_id, record)


def _lists() -> DataLists:
    """Return what lists of data can show and search, by all packages that know something about data."""
    lists = DataLists()
    for package in (data_filters, labelling, filters):
        lists = lists.extended(package.RELATIONS, package.COMPUTED)
    return lists


def _uploads(
    foundation: Foundation, data: DataService, quota: StorageQuota, limit_bytes: int, unfinished: timedelta
) -> UploadService:
    signals = foundation.signals
    ask_others = partial(signals.tell_others, RELEASE)
    uploads = UploadService(foundation.database, foundation.storage, data, limit_bytes, unfinished, quota, ask_others)
    signals.on_document(RELEASE, uploads.release)
    return uploads


def _further_bytes(connection: Connection, owner_id: str) -> int:
    return bytes_of_bundles(connection, f"user:{owner_id}") + stored_review_bytes(connection, owner_id)
