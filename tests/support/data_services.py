"""Data services on a real database and a real storage, without HTTP."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.quotas import Quotas
from voxel51.server.accounts.service import AccountService
from voxel51.server.data.service import DataService
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data.uploads_service import NewUpload, UploadService
from voxel51.server.database.database import Database
from voxel51.server.storage.local import LocalStorage

LIMIT_BYTES = 1000


@dataclass
class DataServices:
    """The services that a test of data needs."""

    accounts: AccountService
    data: DataService
    uploads: UploadService
    storage: LocalStorage
    database: Database
    quotas: Quotas

    def add(
        self,
        user: User,
        content: bytes = b"video",
        name: str = "video.mp4",
        ttl: str | None = None,
        *,
        reuse: bool = False,
    ) -> str:
        """Upload a file for ``user`` at once."""
        writer = self.storage.writer(f"data/{uuid.uuid4()}")
        writer.write(content)
        return self.data.add(user.id, name, None, writer, ttl, reuse=reuse).record["id"]

    def begin(self, user: User, size_bytes: int, sha256: str | None = None) -> str:
        """Begin a resumable upload."""
        return self.uploads.create(user.id, NewUpload(size_bytes, "", {}, sha256), None).id

    def content(self, user: User, data_id: str) -> bytes:
        """Return the bytes of the user's data."""
        return b"".join(self.storage.read(self.data.find(user.id, data_id).storage_key))

    def keys(self) -> set[str]:
        """Return the keys of all complete files in the storage."""
        return {file.key for file in self.storage.files()}


def open_data_services(folder, database_url, upload_lifetime=timedelta(days=1)):
    """Return the services of a platform in ``folder``, which may have been opened before."""
    database = Database(database_url)
    storage = LocalStorage(folder / "storage")
    storage.open()
    quotas = Quotas(database, {"bytes": 0, "running_jobs": 0})
    storage_quota = StorageQuota(quotas)
    data = DataService(
        database, storage, timedelta(days=3), lambda method, path: f"{method} {path}", storage_quota, lambda: True
    )
    uploads = UploadService(database, storage, data, LIMIT_BYTES, upload_lifetime, storage_quota)
    return DataServices(AccountService(database), data, uploads, storage, database, quotas)
