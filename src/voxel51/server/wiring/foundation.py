"""Foundation: the database, the storage and the secret key that all services share."""

import os
import signal
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from voxel51.server.addresses import Addresses
from voxel51.server.data_folder import place_of
from voxel51.server.database.connections import warn_of_shortage
from voxel51.server.database.database import Database
from voxel51.server.database.expiry_clock import ExpiryClock, GapLimits
from voxel51.server.database.membership import Membership
from voxel51.server.database.opening import open_database
from voxel51.server.database.process_table import ProcessDescription
from voxel51.server.database.signals import Signals
from voxel51.server.downloads import Links
from voxel51.server.encryption import Cipher, fingerprint_of, load_secret_key
from voxel51.server.extras import install_command, is_installed
from voxel51.server.http.idempotency import IdempotencyStore
from voxel51.server.http.rate_limits import RateLimiter
from voxel51.server.http.signing import LinkSigner
from voxel51.server.outbound.guard import Guard
from voxel51.server.settings import Settings
from voxel51.server.storage.opening import open_storage
from voxel51.server.storage.storage import Storage
from voxel51.server.storage_location import identified_storage
from voxel51.server.tracing.spans import SpanSink
from voxel51.wire.tokens import API_VERSION


@dataclass(frozen=True, slots=True)
class Foundation:
    """Objects that all services share."""

    settings: Settings
    start: "ProcessOfStart | None"
    addresses: Addresses
    database: Database
    process: Membership
    signals: Signals
    storage: Storage
    secret_key: bytes
    signer: LinkSigner
    guard: Guard
    idempotency: IdempotencyStore
    expiry_clock: ExpiryClock
    traces: SpanSink | None

    @property
    def public_api_url(self) -> str:
        """Return the URL, with the version, at which users reach the API."""
        return f"{self.addresses.public_url}/{API_VERSION}"

    @property
    def job_api_url(self) -> str:
        """Return the URL, with the version, at which jobs reach the API."""
        return f"{self.addresses.job_url}/{API_VERSION}"

    @property
    def public_api_path(self) -> str:
        """Return the path of `public_api_url`: a proxy may serve the platform below a prefix."""
        return urlsplit(self.public_api_url).path

    @property
    def lifetime(self) -> timedelta:
        """Return how long data and outputs are kept by default."""
        return timedelta(days=self.settings.lifetime_days)

    def cipher(self, purpose: str) -> Cipher:
        """Return the cipher of secrets of one purpose."""
        return Cipher(self.secret_key, purpose)

    def failure_limiter(self, name: str, per_minute: float) -> RateLimiter:
        """Return a limiter of failures, which are rare and counted by all processes together."""
        limiter = RateLimiter(per_minute / 60, per_minute, tell_others=partial(self.signals.tell_others, name))
        self.signals.on_document(name, limiter.charge)
        return limiter

    def public_links(self) -> Links:
        """Return what signs links for users."""
        return _links(self.signer, self.public_api_url)

    def job_links(self) -> Links:
        """Return what signs links for jobs."""
        return _links(self.signer, self.job_api_url)


@dataclass(frozen=True, slots=True)
class ProcessOfStart:
    """A process among those of one start of the platform.

    Attributes:
        start_id: id of the start.
        name: short name that no other process of the start has, such as ``api-1``.
        metrics_folder: folder for the metrics that the processes of the start share.
        counts_jobs: whether this process counts the jobs for all.
    """

    start_id: str
    name: str
    metrics_folder: Path
    counts_jobs: bool


def build_foundation(settings: Settings, addresses: Addresses, start: ProcessOfStart | None = None) -> Foundation:
    """Open the database and the storage, and join the processes of the platform.

    Only one start at a time may do so for a data folder. ``start`` names the process; None: it is the only one.
    """
    database = open_database(settings)
    if start is None:  # otherwise the supervisor has looked
        warn_of_shortage(database, settings)
    key = load_secret_key(settings.secret_key_path)
    process = Membership(database, _description(settings, start, key), _stop_process)
    process.join()
    signals = Signals(database, lambda: bool(process.others))
    database.on_announced(signals.tell_others)
    gap_limits = GapLimits(timedelta(days=settings.expiry_grace_days), timedelta(days=settings.expiry_gap_days))
    return Foundation(
        settings,
        start,
        addresses,
        database,
        process,
        signals,
        open_storage(settings),
        key,
        LinkSigner(key, settings.link_seconds),
        Guard(settings.allowed_hosts),
        IdempotencyStore(database),
        ExpiryClock(database, gap_limits),
        _open_traces(settings, start, database),
    )


def _open_traces(settings: Settings, start: ProcessOfStart | None, database: Database) -> SpanSink | None:
    if not settings.otlp_endpoint:
        return None
    if not is_installed("otel"):
        raise RuntimeError(f"otlp_endpoint is set, but OpenTelemetry is not installed: {install_command('otel')}")
    from voxel51.server.tracing.export import SpanExport  # noqa: PLC0415  (needs the extra)

    database.count_statements()
    return SpanExport(settings.otlp_endpoint, settings.role.value if start is None else start.name)


def _description(settings: Settings, start: ProcessOfStart | None, key: bytes) -> ProcessDescription:
    start_id, name = (str(uuid.uuid4()), settings.role.value) if start is None else (start.start_id, start.name)
    return ProcessDescription(
        start_id=start_id,
        name=name,
        role=settings.role.value,
        place=place_of(settings.folder),
        storage=identified_storage(settings).mark,
        key_hash=fingerprint_of(key),
        can_lead=settings.role.runs_jobs,
    )


def _stop_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _links(signer: LinkSigner, api_url: str) -> Links:
    def link(method: str, path: str) -> str:
        return f"{api_url}{path}?{signer.query(method, f'/{API_VERSION}{path}')}"

    return link
