"""Job services: the services behind jobs on a real database and a real storage, without HTTP and without an engine."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.quotas import Quotas
from voxel51.server.accounts.service import AccountService
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.analytics.network.service import NetworkGrants
from voxel51.server.analytics.program_files import ProgramFiles
from voxel51.server.analytics.programs import ProgramService
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.weights_in_use import WeightsInUse
from voxel51.server.data.service import DataService
from voxel51.server.data.sources import SourceService
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data_folder import StorageFolder
from voxel51.server.database.database import Database
from voxel51.server.database.identity import check_identity
from voxel51.server.database.membership import Membership
from voxel51.server.database.process_table import ProcessDescription
from voxel51.server.encryption import Cipher
from voxel51.server.jobs.actions import JobActions
from voxel51.server.jobs.activity import ActivityService
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.jobs.attempts import Attempt, AttemptService, ClaimedAttempt
from voxel51.server.jobs.checkpoints import CheckpointService
from voxel51.server.jobs.fair_share import same_limit
from voxel51.server.jobs.partial_parts import PartialLimits
from voxel51.server.jobs.partial_results import PartialResults
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.service import JobService
from voxel51.server.jobs.tables import jobs
from voxel51.server.jobs.tasks import TaskService
from voxel51.server.outbound.guard import Guard
from voxel51.server.outcomes import only
from voxel51.server.reviews.service import ReviewFiles
from voxel51.server.secrets.service import SecretService
from voxel51.server.storage.local import LocalStorage
from voxel51.wire import dates

MOST_LOST = 3
PARTIAL_LIMITS = PartialLimits(job_bytes=20_000, owner_bytes=60_000)
CHECKPOINT_BYTES = 1000
MOST_INTERNAL = 2
"""Internal jobs of one owner that run at once."""

DOCUMENT = {
    "info": {"name": "count", "version": "1.0", "description": "counts", "supports_cpu": True, "supports_gpu": False},
    "inputs": [{"name": "video", "type": "types.Video", "description": "the video", "required": True}],
    "parameters": [],
    "outputs": [
        {"name": "labels", "type": "", "description": "", "filename": "a.json", "post_as_data": False, "schema": None}
    ],
    "zip_outputs": False,
}


@dataclass
class JobServices:
    """The services that a test of jobs needs."""

    accounts: AccountService
    analytics: AnalyticService
    data: DataService
    jobs: JobService
    actions: JobActions
    attempts: AttemptService
    reports: AttemptReports
    programs: ProgramService
    partial: PartialResults
    checkpoints: CheckpointService
    activity: ActivityService
    tasks: TaskService
    secrets: SecretService
    network: NetworkGrants
    storage: LocalStorage
    quotas: Quotas
    wakes: list[str]
    database: Database
    process: Membership

    def add_data(self, user: User, content: bytes = b"video", name: str = "video.mp4") -> str:
        """Upload a file for ``user``."""
        writer = self.storage.writer(f"data/{uuid.uuid4()}")
        writer.write(content)
        return self.data.add(user.id, name, None, writer, None).record["id"]

    def submit(self, user: User, auto_start: bool = True) -> str:
        """Submit a job of the analytic on a new file."""
        request = {"analytic": "voxel51/count", "inputs": {"video": {"data-id": self.add_data(user)}}}
        return self.jobs.submit(user, json.dumps(request).encode(), "a job", auto_start, None)["id"]

    def act(self, action: str, user: User, job_id: str, *more: Any) -> None:
        """Apply one action to one job."""
        only(getattr(self.actions, action)(user, [job_id], *more))

    def claim(self) -> tuple[ClaimedAttempt, Attempt]:
        """Claim the one queued job, as the engine does, and authenticate its attempt, as a child process does."""
        [claim] = self.attempts.claim(10)
        return claim, self.reports.authenticate(claim.credential, claim.job_id)

    def end_pauses(self) -> None:
        """Let the time pass for which jobs wait after a lost attempt."""
        past = dates.now() - timedelta(seconds=1)
        with self.database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.retry_at.is_not(None)).values(retry_at=past))

    def put_output(self, attempt: Attempt, content: bytes = b"{}") -> str:
        """Upload an output; return its storage key."""
        writer = self.storage.writer(f"outputs/{uuid.uuid4()}")
        writer.write(content)
        self.reports.put_output(attempt.id, writer)
        return writer.key

    def keys(self, folder: str) -> set[str]:
        """Return the keys in a folder of the storage."""
        return {file.key for file in self.storage.files() if file.key.startswith(folder)}


def process_description(name: str = "all", **changes: object) -> ProcessDescription:
    """Return the description of a process, one of those of one start."""
    given = {
        "start_id": "start",
        "role": "all",
        "place": "here:/data",
        "storage": "1",
        "key_hash": "2",
        "can_lead": True,
    }
    return ProcessDescription(name=name, **{**given, **changes})


@contextmanager
def open_job_services(
    folder: Path, database_url: str, description: ProcessDescription | None = None
) -> Iterator[JobServices]:
    """Yield the services, on a database that is closed at the end."""
    database = Database(database_url)
    check_identity(database, StorageFolder(folder), "of the test")
    process = Membership(database, description or process_description())
    process.join()
    storage = LocalStorage(folder / "storage")
    storage.open()
    lifetime = timedelta(days=3)
    wakes: list[str] = []

    def links(method: str, path: str) -> str:
        return f"http://platform/v1{path}?{method}"

    quotas = Quotas(database, {"bytes": 0, "running_jobs": 0})
    data = DataService(database, storage, lifetime, links, StorageQuota(quotas), lambda: True)
    analytics = AnalyticService(database, WeightsInUse(folder / "weights"))
    analytics.install([InstalledAnalytic("voxel51/count", DOCUMENT, preload_safe=True)])
    network = NetworkGrants(database, None, 1 << 30)
    secrets = SecretService(database, Cipher(b"k" * 32, "secrets"))
    job_service = JobService(
        database,
        storage,
        analytics,
        data,
        lifetime,
        links,
        secrets,
        QueuePositions(quotas.most_running),
        lambda: wakes.append("wake"),
    )
    reports = AttemptReports(database, storage, timedelta(minutes=15))
    sources = SourceService(database, Guard([]), Cipher(b"k" * 32, "sources"), 2**40, lifetime)
    yield JobServices(
        accounts=AccountService(database),
        analytics=analytics,
        data=data,
        jobs=job_service,
        actions=JobActions(database, lambda: wakes.append("wake"), job_service.expire),
        attempts=AttemptService(
            database, storage, process, MOST_LOST, timedelta(minutes=15), quotas.most_running, same_limit(MOST_INTERNAL)
        ),
        reports=reports,
        partial=PartialResults(database, job_service, reports, PARTIAL_LIMITS),
        checkpoints=CheckpointService(database, reports, CHECKPOINT_BYTES),
        activity=ActivityService(database, reports),
        quotas=quotas,
        programs=ProgramService(database, ProgramFiles(database, links), network),
        network=network,
        tasks=TaskService(database, data, sources, secrets, links, CHECKPOINT_BYTES, ReviewFiles(database).labels_of),
        secrets=secrets,
        storage=storage,
        wakes=wakes,
        database=database,
        process=process,
    )
    database.close()
