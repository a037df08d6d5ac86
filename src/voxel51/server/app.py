"""The composition root: build the platform from its settings."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from anyio import CapacityLimiter
from starlette.types import ASGIApp

import voxel51
from voxel51.server.accounts.account_deletion import AccountDeletionService, CollectUserData
from voxel51.server.accounts.recorded_usage import add_changes_to_totals
from voxel51.server.addresses import Addresses
from voxel51.server.analytics.bundles.builder import BundleBuilder
from voxel51.server.analytics.reload import PackageReload
from voxel51.server.background_thread import AdvancingThread
from voxel51.server.console.pages import console_pages
from voxel51.server.credentials import Credentials
from voxel51.server.data.hashing import HashingThread
from voxel51.server.data.source_scan import SourceScanner
from voxel51.server.database.database import Database
from voxel51.server.database.membership import Membership
from voxel51.server.database.signals import Signals
from voxel51.server.documentation import documentation_pages
from voxel51.server.engine.dispatcher import Dispatcher
from voxel51.server.engine.sweeper import Sweeper
from voxel51.server.events.feed import Feed
from voxel51.server.health_pages import health_pages
from voxel51.server.http import api_pages, openapi
from voxel51.server.http.application import build_application
from voxel51.server.http.compute_queue import ComputeQueue
from voxel51.server.http.cookies import cookies_of
from voxel51.server.http.endpoint import Dependencies
from voxel51.server.http.rate_limits import Pacer, RateLimiter
from voxel51.server.http.route import Route
from voxel51.server.http.uploads import UploadReceiver
from voxel51.server.metrics.shared import SharedMetrics
from voxel51.server.renditions.preparer import Preparer
from voxel51.server.renditions.routes import label_formats
from voxel51.server.roles import Role
from voxel51.server.setting_limits import read_origins
from voxel51.server.settings import Settings, cores
from voxel51.server.split_jobs.thread import SplitThread
from voxel51.server.status_routes import platform_routes, status_routes
from voxel51.server.storage.storage import Storage
from voxel51.server.tracing.requests import RequestTracer
from voxel51.server.tracing.spans import SpanSink
from voxel51.server.usage.entries import remember_owner
from voxel51.server.webhooks.deliverer import Deliverer
from voxel51.server.wiring.accounts import AccountServices, build_accounts
from voxel51.server.wiring.collections import CollectionServices, build_collections
from voxel51.server.wiring.data import DataServices, build_data
from voxel51.server.wiring.discovery import Discovery, discover
from voxel51.server.wiring.features import FeatureServices, build_features, build_overview_routes
from voxel51.server.wiring.foundation import Foundation, ProcessOfStart, build_foundation
from voxel51.server.wiring.job_batches import BatchServices, build_batches
from voxel51.server.wiring.jobs import JobServices, build_jobs
from voxel51.server.wiring.metrics import MetricsServices, build_metrics
from voxel51.server.wiring.pipelines import PipelineServices, build_pipelines
from voxel51.server.wiring.rules import RuleServices, build_rules
from voxel51.server.wiring.schedules import ScheduleServices, build_schedules
from voxel51.server.wiring.split_jobs import SplitServices, build_split_jobs
from voxel51.wire.bundles import BundleDeployers
from voxel51.wire.status import AboutPlatform


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything that runs in one process. Opened in order, and closed in the reverse order.

    Attributes:
        description: all routes, as an OpenAPI document.
        role: what the process does; a process that runs no jobs leaves those parts closed.
    """

    application: ASGIApp
    description: openapi.Document
    role: Role
    database: Database
    process: Membership
    signals: Signals
    storage: Storage
    builder: BundleBuilder
    dispatcher: Dispatcher
    sweeper: Sweeper
    hashing: HashingThread
    scanner: SourceScanner
    feed: Feed
    reload: PackageReload
    deliverer: Deliverer
    preparer: Preparer
    batches: AdvancingThread
    rules: AdvancingThread
    schedules: AdvancingThread
    splits: SplitThread
    traces: SpanSink | None
    metrics: SharedMetrics | None

    def open(self) -> None:
        """Start the threads: they run, split and batch jobs, apply rules and schedules, expire records, …"""
        self.process.open()
        self.signals.open()
        self.sweeper.open()
        if self.metrics is not None:
            self.metrics.open()
        if self.role.runs_jobs:
            self.dispatcher.open()
            self.builder.open()  # whose environments the runner of the dispatcher has opened
            self.hashing.open()
            self.scanner.open()
            self.deliverer.open()
            self.preparer.open()
            self.batches.open()
            self.rules.open()
            self.schedules.open()
            self.splits.open()

    def reload_packages(self) -> None:
        """Begin to bring the platform to the packages that are installed now. Returns at once."""
        self.reload.request()

    def begin_to_close(self) -> None:
        """End all event streams, which otherwise stay open forever. Called in the event loop."""
        self.feed.close()

    def drain(self) -> None:
        """Start no more jobs; those that run go on, and requests are served."""
        self.dispatcher.drain()

    def is_idle(self) -> bool:
        """Return whether no job runs."""
        return self.dispatcher.is_idle()

    def close(self) -> None:
        """Stop the threads, return running jobs to the queue, and close the database."""
        self.reload.close()
        if self.role.runs_jobs:
            self.schedules.close()
            self.rules.close()
            self.splits.close()
            self.batches.close()
            self.preparer.close()
            self.deliverer.close()
            self.scanner.close()
            self.hashing.close()
            self.builder.close()
            self.dispatcher.close()
        self.sweeper.close()
        self.signals.close()
        if self.metrics is not None:
            self.metrics.close()
        self.process.close()
        self.database.close()
        if self.traces is not None:
            self.traces.close()


@dataclass(frozen=True, slots=True)
class _Services:
    """The services of all packages."""

    foundation: Foundation
    accounts: AccountServices
    data: DataServices
    collections: CollectionServices
    jobs: JobServices
    features: FeatureServices
    batches: BatchServices
    pipelines: PipelineServices
    splits: SplitServices
    rules: RuleServices
    schedules: ScheduleServices
    metrics: MetricsServices


def build_platform(
    settings: Settings, addresses: Addresses, discovery: Discovery | None = None, start: ProcessOfStart | None = None
) -> Platform:
    """Return the platform, ready to be opened. Only one start at a time may build it for a data folder.

    ``discovery`` was begun earlier; None: it begins now. ``start`` names the process among those of one start; None: it
    is the only one.
    """
    discovery = discovery or discover(settings)
    foundation = build_foundation(settings, addresses, start)
    accounts = build_accounts(foundation)
    data = build_data(foundation, accounts)
    jobs = build_jobs(foundation, accounts, data, discovery)
    features = build_features(foundation, data, jobs)
    batches = build_batches(foundation, data, jobs)
    pipelines = build_pipelines(foundation, jobs)
    splits = build_split_jobs(foundation, jobs, features)
    metrics = build_metrics(foundation, jobs)
    collections = build_collections(foundation, data)
    rules = build_rules(foundation, data, jobs, collections)
    schedules = build_schedules(foundation, batches, pipelines)
    services = _Services(
        foundation, accounts, data, collections, jobs, features, batches, pipelines, splits, rules, schedules, metrics
    )
    deletion = _deletion(services)
    # A process that only runs jobs answers probes.
    routes = [*_routes(services, deletion)] if settings.role.serves_requests else []
    description = openapi.describe(routes, voxel51.__version__, cookies_of(addresses.public_url).session)
    probes = health_pages(foundation.database, jobs.dispatchers)
    pages = [*probes]
    if settings.role.serves_requests:
        pages += [
            *api_pages.api_pages(description),
            *documentation_pages(),
            *console_pages(read_origins(settings.embed_origins)),
        ]
    return Platform(
        application=build_application(routes, _dependencies(services), pages),
        description=description,
        role=settings.role,
        database=foundation.database,
        process=foundation.process,
        signals=foundation.signals,
        storage=foundation.storage,
        builder=jobs.execution.bundles.builder,
        dispatcher=jobs.dispatcher,
        sweeper=_sweeper(services, deletion),
        hashing=data.hashing,
        scanner=data.scanner,
        feed=features.feed,
        reload=jobs.reload,
        deliverer=features.deliverer,
        preparer=features.preparer,
        batches=batches.thread,
        rules=rules.thread,
        schedules=schedules.thread,
        splits=splits.thread,
        traces=foundation.traces,
        metrics=metrics.shared,
    )


def _deletion(services: _Services) -> AccountDeletionService:
    # In this order: batches submit further jobs, and jobs refer to data and analytics.
    deleters = [
        services.batches.handlers.batches.delete_all,
        services.jobs.delete_all,
        services.data.uploads.delete_all,
        services.data.in_place.delete_all,
        services.data.data.delete_all,
        services.jobs.uploaded.delete_all,
        services.jobs.controls.delete_all,
        services.pipelines.pipelines.delete_all,
        services.features.events.delete_all,
        services.foundation.idempotency.delete_all,
    ]
    return AccountDeletionService(services.foundation.database, deleters, remember_owner)


def _routes(services: _Services, deletion: AccountDeletionService) -> Iterable[Route]:
    foundation, accounts, jobs = services.foundation, services.accounts, services.jobs
    collectors: Mapping[str, CollectUserData] = {
        "data": services.data.data.export,
        "uploads": services.data.uploads.all,
        "jobs": jobs.jobs.export,
        "analytics": jobs.uploaded.all,
        "webhooks": services.features.webhooks_of,
        "datasets": services.features.datasets.export,
        "collections": services.collections.collections.export,
        "searches": services.collections.searches.all,
        "batches": services.batches.handlers.batches.export,
        "pipelines": services.pipelines.pipelines.export,
        "pipeline_runs": services.pipelines.runs.export,
        "rules": services.rules.export,
        "schedules": services.schedules.schedules.export,
        "reviews": services.features.reviews.export,
    }
    yield from accounts.routes(deletion, collectors)
    yield from services.data.routes(accounts)
    yield from jobs.routes(services.data, label_formats(services.features.renditions))
    yield from services.features.routes(jobs)
    yield from services.batches.routes()
    yield from services.pipelines.routes()
    yield from services.splits.routes()
    yield from services.collections.routes(services.features.renditions)
    yield from services.rules.routes()
    yield from services.schedules.routes()
    yield from build_overview_routes(foundation, accounts, jobs)
    yield from services.metrics.routes()
    yield from status_routes(
        foundation.database,
        lambda: jobs.dispatchers.waiting_reason,
        jobs.execution.sandbox,
        jobs.execution.containers.missing if jobs.execution.containers.runners else None,
    )
    yield from platform_routes(_about(foundation.settings, jobs.execution.bundles.permission.deployers))


def _about(settings: Settings, bundle_deployers: BundleDeployers) -> AboutPlatform:
    return {
        "version": voxel51.__version__,
        "upload_limit_bytes": settings.upload_limit_bytes,
        "lifetime_days": settings.lifetime_days,
        "api_reference": api_pages.PAGE_PATH,
        "bundle_deployers": bundle_deployers,
        "bundle_limit_bytes": settings.bundle_bytes,
    }


def _dependencies(services: _Services) -> Dependencies:
    foundation, accounts, settings = services.foundation, services.accounts, services.foundation.settings
    credentials = Credentials(
        accounts.accounts,
        accounts.applications,
        accounts.recent_callers,
        services.jobs.reports,
        foundation.signer,
        foundation.addresses.public_url,
    )
    return Dependencies(
        observe=services.metrics.requests.observe,
        tracer=None if foundation.traces is None else RequestTracer(foundation.traces.record),
        authenticators=credentials.authenticators(),
        reads_at_once=lambda: foundation.database.reads_at_once,
        storage=foundation.storage,
        receiver=UploadReceiver(foundation.storage, settings.upload_limit_bytes, settings.request_body_seconds),
        idempotency=foundation.idempotency,
        workers=CapacityLimiter(settings.threads),
        waiting=CapacityLimiter(settings.outbound_threads),
        compute_queue=ComputeQueue(max(1, cores() // 2)),
        request_limiter=RateLimiter(settings.requests_per_second, settings.requests_burst),
        failure_limiter=foundation.failure_limiter("addresses", settings.address_failures_per_minute),
        pacer=Pacer(settings.job_requests_per_second, settings.job_requests_burst),
        body_limit_bytes=settings.body_limit_bytes,
        body_limit_seconds=settings.request_body_seconds,
    )


def _sweeper(services: _Services, deletion: AccountDeletionService) -> Sweeper:
    foundation, data, jobs = services.foundation, services.data, services.jobs
    expiries = [
        data.data.expire,
        jobs.jobs.expire,
        jobs.partial.expire,
        jobs.checkpoints.expire,
        services.splits.service.expire,
        jobs.activity.expire,
        data.uploads.expire,
        foundation.idempotency.expire,
        *services.accounts.expiries(),
        *services.features.expiries(),
    ]
    add_usage = partial(add_changes_to_totals, foundation.database)
    features = services.features
    deletions: list[Callable[[], int]] = [
        deletion.finish, features.datasets.delete_incomplete, features.reviews.delete_unneeded,
        features.renditions.delete_unneeded, add_usage, features.search.add_changes,
    ]  # fmt: skip
    references = [
        data.data.references, data.uploads.references, jobs.uploaded.references, jobs.attempts.references,
        features.reviews.references,
    ]  # fmt: skip
    interval_seconds = foundation.settings.cleanup_interval_seconds
    clock, process = foundation.expiry_clock, foundation.process
    return Sweeper(
        deletions,
        expiries,
        foundation.storage,
        references,
        interval_seconds,
        allows_expiry=lambda: clock.check() if process.leads else clock.follow(),
        leads=lambda: process.leads,
    )
