"""The composition root: settings become a database, a storage, services, routes and a dispatcher."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from anyio import CapacityLimiter
from starlette.routing import Route as Page
from starlette.types import ASGIApp

from voxel51.server.accounts.account_deletion import AccountDeletionService, CollectUserData
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.installed import InstalledAnalytic, find_installed
from voxel51.server.analytics.routes import analytic_routes
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.uploads import UploadedAnalytics
from voxel51.server.console.pages import console_pages
from voxel51.server.credentials import Credentials
from voxel51.server.data.quota_routes import quota_routes
from voxel51.server.data.routes import data_routes
from voxel51.server.data.service import DataService, Links
from voxel51.server.data.sources import SourceService
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data.uploads_routes import upload_routes
from voxel51.server.data.uploads_service import UploadService
from voxel51.server.database.database import Database
from voxel51.server.database.opening import open_database
from voxel51.server.documentation import documentation_pages
from voxel51.server.encryption import Cipher, load_secret_key
from voxel51.server.engine.dispatcher import Dispatcher, DispatchSettings
from voxel51.server.engine.runners.processes.runner import ProcessRunner
from voxel51.server.engine.sweeper import Sweeper
from voxel51.server.errors import NotFound
from voxel51.server.events.feed import Feed
from voxel51.server.events.routes import event_routes
from voxel51.server.events.service import EventService
from voxel51.server.http import openapi
from voxel51.server.http.application import build_application
from voxel51.server.http.endpoint import Serving
from voxel51.server.http.rates import Rate
from voxel51.server.http.repetition import Repetitions
from voxel51.server.http.route import Route, changing
from voxel51.server.http.signing import LinkSigner
from voxel51.server.http.uploads import Receiver
from voxel51.server.jobs.actions import JobActions
from voxel51.server.jobs.agent_routes import agent_routes
from voxel51.server.jobs.attempts import AttemptService
from voxel51.server.jobs.internal import InternalJobs
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.routes import job_routes
from voxel51.server.jobs.service import JobService, has_active_jobs
from voxel51.server.jobs.share_routes import share_routes
from voxel51.server.jobs.shares import ShareService
from voxel51.server.jobs.tasks import TaskService
from voxel51.server.outbound.guard import Guard
from voxel51.server.overview.health import HealthService
from voxel51.server.overview.queue import QueueService
from voxel51.server.overview.routes import overview_routes
from voxel51.server.overview.usage import UsageService
from voxel51.server.overview.workers import local_worker
from voxel51.server.people import People
from voxel51.server.renditions.routes import labels_in_formats, rendition_routes
from voxel51.server.renditions.service import RENDITION_ANALYTIC, RenditionService, RetentionPolicy
from voxel51.server.renditions.sources import SourceResolver
from voxel51.server.search.routes import search_routes
from voxel51.server.search.service import SearchService
from voxel51.server.settings import Settings
from voxel51.server.status import platform_routes, status_routes
from voxel51.server.storage.local import LocalStorage
from voxel51.server.webhooks.deliverer import Deliverer
from voxel51.server.webhooks.deliveries import DeliveryService
from voxel51.server.webhooks.history import DeliveryHistoryService
from voxel51.server.webhooks.routes import webhook_routes
from voxel51.server.webhooks.service import WebhookService
from voxel51.wire.accounts import Scope
from voxel51.wire.status import AboutPlatform
from voxel51.wire.tasks import JobLimits
from voxel51.wire.tokens import API_VERSION


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the platform is reached: by people, and by the jobs it runs. Neither ends in a slash or a version."""

    public_url: str
    job_url: str


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything that runs, opened in order and closed in the opposite one."""

    application: ASGIApp
    description: Mapping[str, Any]
    """All routes, as OpenAPI has it."""
    database: Database
    storage: LocalStorage
    dispatcher: Dispatcher
    sweeper: Sweeper
    feed: Feed
    deliverer: Deliverer

    def open(self) -> None:
        """Begin to dispatch and to sweep."""
        self.dispatcher.open()
        self.sweeper.open()
        self.deliverer.open()

    def begin_to_close(self) -> None:
        """Let go those who would listen for ever; called in the event loop."""
        self.feed.close()

    def close(self) -> None:
        """Give back what runs, and release everything."""
        self.deliverer.close()
        self.sweeper.close()
        self.dispatcher.close()
        self.database.close()


def build_platform(settings: Settings, addresses: Addresses) -> Platform:
    """The platform, ready to be opened. Only one process at a time may build it for a data folder."""
    database = open_database(settings)
    storage = LocalStorage(settings.folder / "storage", settings.disk_reserve_bytes)
    storage.open()
    key = load_secret_key(settings.folder)
    signer = LinkSigner(key, settings.link_seconds)
    public_links, job_links = _links(signer, addresses.public_url), _links(signer, addresses.job_url)
    lifetime = timedelta(days=settings.lifetime_days)

    people = People.build(database, settings, Cipher(key, "sign-in"), f"{addresses.public_url}/{API_VERSION}")
    repetitions = Repetitions(database)
    storage_quota = StorageQuota(people.quotas)
    data = DataService(database, storage, lifetime, public_links, storage_quota)
    unfinished = timedelta(days=settings.unfinished_upload_days)
    uploads = UploadService(database, storage, data, settings.upload_limit_bytes, unfinished, storage_quota)
    guard = Guard(settings.allowed_hosts)
    sources = SourceService(database, guard, Cipher(key, "sources"), settings.upload_limit_bytes, lifetime)
    analytics = AnalyticService(database)
    uploaded = UploadedAnalytics(database, storage)
    grace = timedelta(seconds=settings.grace_seconds)
    attempts = AttemptService(database, storage, settings.job_attempts, grace, people.quotas.most_running)
    tasks = TaskService(database, data, sources, job_links)

    installed = find_installed()
    analytics.install(installed, internal={RENDITION_ANALYTIC})
    base_url = f"{addresses.job_url}/{API_VERSION}"
    terms = DispatchSettings(settings.total_slots, settings.rendition_concurrency, _limits(settings), base_url)
    dispatcher = Dispatcher(attempts, tasks, _runner(settings, installed), terms)
    positions = QueuePositions(people.quotas.most_running)
    jobs = JobService(database, storage, analytics, data, lifetime, public_links, positions, dispatcher.wake)
    actions = JobActions(database, dispatcher.wake, jobs.expire)
    makers = InternalJobs(database, storage, analytics, dispatcher.wake)
    renditions = RenditionService(database, makers, SourceResolver(data, jobs, analytics), _keeping(settings))
    search = SearchService(database)
    shares = ShareService(database, jobs, addresses.public_url)
    events = EventService(database, timedelta(days=settings.event_retention_days))
    feed = Feed(events, settings.event_streams, settings.event_streams_per_user)
    database.on_write(feed.wake)

    webhook_cipher = Cipher(key, "webhooks")
    deliveries = DeliveryService(database, partial(_job_record, jobs), timedelta(days=settings.delivery_retention_days))
    deliverer = Deliverer(deliveries, guard, webhook_cipher)
    webhooks = WebhookService(database, guard, webhook_cipher, deliverer.wake)

    removal = AccountDeletionService(database, [partial(_end_jobs, actions, jobs), uploads.delete_all, data.delete_all,
                                        uploaded.delete_all, events.delete_all, repetitions.delete_all])  # fmt: skip
    collect: Mapping[str, CollectUserData] = {
        "data": data.export,
        "uploads": uploads.all,
        "jobs": jobs.export,
        "analytics": uploaded.all,
        "webhooks": lambda user: webhooks.all(user)["webhooks"],
    }
    path = urlsplit(addresses.public_url).path + f"/{API_VERSION}"
    routes: list[Route] = [
        *people.routes(settings, addresses.public_url, removal, collect),
        *changing(Scope.UPLOAD, analytic_routes(analytics, uploaded, has_active_jobs)),
        *changing(Scope.UPLOAD, data_routes(data, sources)),
        *changing(Scope.UPLOAD, upload_routes(uploads, settings.upload_limit_bytes, path)),
        *changing(Scope.RUN, job_routes(jobs, actions, labels_in_formats(renditions))),
        *share_routes(shares),
        *quota_routes(people.quotas, storage_quota, people.accounts, people.applications),
        *agent_routes(attempts, tasks, data),
        *rendition_routes(renditions, shares),
        *search_routes(search, attempts),
        *event_routes(feed),
        *webhook_routes(webhooks, DeliveryHistoryService(database, deliverer.wake)),
        *status_routes(database, dispatcher.is_running),
        *platform_routes(_about(settings)),
        *overview_routes(
            QueueService(database, dispatcher),
            UsageService(database),
            HealthService(settings, database, dispatcher, installed),
            lambda: [local_worker(dispatcher, settings.folder)],
            people.applications,
        ),
    ]
    serving = Serving(
        checks=Credentials(people.accounts, people.applications, attempts, signer, addresses.public_url).checks(),
        storage=storage,
        receiver=Receiver(storage, settings.upload_limit_bytes),
        repetitions=repetitions,
        workers=CapacityLimiter(settings.threads),
        waiting=CapacityLimiter(settings.outbound_threads),
        calls=Rate(settings.requests_per_second, settings.requests_burst),
        failures=Rate(settings.address_failures_per_minute / 60, settings.address_failures_per_minute),
        body_limit_bytes=settings.body_limit_bytes,
    )
    description = openapi.describe(routes, version("voxel51-platform"))
    application = build_application(routes, serving, _pages(description))
    keepers = [data.references, uploads.references, uploaded.keeps, attempts.keeps]
    expiries = [data.expire, jobs.expire, uploads.expire, repetitions.expire, events.expire, deliveries.prune,
                *people.expiries(), removal.finish, shares.expire, renditions.expire, search.expire]  # fmt: skip
    sweeper = Sweeper(expiries, storage, keepers, settings.cleanup_interval_seconds)
    return Platform(application, description, database, storage, dispatcher, sweeper, feed, deliverer)


def _pages(description: Mapping[str, Any]) -> list[Page]:
    return [*openapi.pages(description), *documentation_pages(), *console_pages()]


def _about(settings: Settings) -> AboutPlatform:
    return {
        "version": version("voxel51-platform"),
        "upload_limit_bytes": settings.upload_limit_bytes,
        "lifetime_days": settings.lifetime_days,
        "api_reference": openapi.PAGE_PATH,
    }


def _end_jobs(actions: JobActions, jobs: JobService, user: User) -> bool:
    return actions.end_all(user) and jobs.delete_all(user)


def _keeping(settings: Settings) -> RetentionPolicy:
    return RetentionPolicy(timedelta(days=settings.rendition_retention_days), settings.renditions_per_user)


def _links(signer: LinkSigner, base_url: str) -> Links:
    def link(method: str, path: str) -> str:
        return f"{base_url}/{API_VERSION}{path}?{signer.query(method, f'/{API_VERSION}{path}')}"

    return link


def _job_record(jobs: JobService, owner_id: str, job_id: str) -> Mapping[str, Any]:
    try:
        return jobs.record(User(owner_id, ""), job_id)
    except NotFound:
        return {}


def _limits(settings: Settings) -> JobLimits:
    return JobLimits(
        wall_seconds=settings.job_wall_seconds,
        cpu_seconds=settings.job_cpu_seconds,
        memory_bytes=settings.job_memory_bytes,
        file_bytes=settings.job_file_bytes,
        open_files=1024,
    )


def _runner(settings: Settings, installed: list[InstalledAnalytic]) -> ProcessRunner:
    preload = [offer.entry_point for offer in installed if offer.preload_safe]
    return ProcessRunner(settings.folder / "running", preload, weights_folder=settings.weights_folder)
