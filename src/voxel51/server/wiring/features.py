"""Wiring of features on top of jobs: renditions, search, share links, live events, webhooks and the overview."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from voxel51.server.accounts.callers import User
from voxel51.server.collections.access import own_members
from voxel51.server.collections.reviewing import may_review
from voxel51.server.data.facts import FactsService
from voxel51.server.database.signals import EVENTS, JOBS, VIDEOS, WEBHOOKS
from voxel51.server.datasets.routes import dataset_routes
from voxel51.server.datasets.service import DatasetPlaces, DatasetService
from voxel51.server.doctor import check_containers
from voxel51.server.errors import NotFound
from voxel51.server.events.feed import Feed
from voxel51.server.events.routes import event_routes
from voxel51.server.events.service import EventService
from voxel51.server.extras import is_installed
from voxel51.server.http.route import Route
from voxel51.server.job_batches.records import results_of
from voxel51.server.jobs.internal import InternalJobs
from voxel51.server.jobs.partial_routes import shared_partial_routes
from voxel51.server.jobs.service import JobService
from voxel51.server.jobs.share_routes import share_routes
from voxel51.server.jobs.shares import ShareService
from voxel51.server.moments.routes import moment_routes
from voxel51.server.moments.service import MomentService
from voxel51.server.overview.health import HealthService
from voxel51.server.overview.queue import QueueService
from voxel51.server.overview.routes import overview_routes, usage_routes
from voxel51.server.overview.usage import UsageService
from voxel51.server.renditions.chart_routes import chart_routes
from voxel51.server.renditions.finished_labels import FinishedLabels
from voxel51.server.renditions.label_charts import LabelCharts
from voxel51.server.renditions.label_sql import LabelSqlService
from voxel51.server.renditions.preparation import PreparationService
from voxel51.server.renditions.preparer import Preparer
from voxel51.server.renditions.routes import label_sql_routes, rendition_routes
from voxel51.server.renditions.service import RenditionService, RetentionPolicy
from voxel51.server.renditions.sources import SourceResolver
from voxel51.server.review_scores.routes import review_score_routes
from voxel51.server.review_scores.service import ReviewScoreService
from voxel51.server.reviews.label_files import LabelFiles
from voxel51.server.reviews.routes import review_routes
from voxel51.server.reviews.service import ReviewFiles, ReviewService
from voxel51.server.search.routes import search_routes
from voxel51.server.search.service import SearchService
from voxel51.server.usage.ledger import UsageLedger
from voxel51.server.usage.routes import ledger_routes
from voxel51.server.webhooks.deliverer import Deliverer
from voxel51.server.webhooks.deliveries import DeliveryService
from voxel51.server.webhooks.history import DeliveryHistoryService
from voxel51.server.webhooks.routes import webhook_routes
from voxel51.server.webhooks.service import WebhookService
from voxel51.server.wiring.accounts import AccountServices
from voxel51.server.wiring.data import DataServices
from voxel51.server.wiring.foundation import Foundation
from voxel51.server.wiring.jobs import JobServices
from voxel51.wire.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class FeatureServices:
    """All services of the features."""

    datasets: DatasetService
    reviews: ReviewService
    review_scores: ReviewScoreService
    renditions: RenditionService
    label_sql: LabelSqlService
    label_charts: LabelCharts
    moments: MomentService
    preparer: Preparer
    search: SearchService
    shares: ShareService
    events: EventService
    feed: Feed
    deliveries: DeliveryService
    deliverer: Deliverer
    webhooks: WebhookService
    history: DeliveryHistoryService
    ledger: UsageLedger

    def routes(self, jobs: JobServices) -> Iterable[Route]:
        """Yield the routes of the features."""
        yield from share_routes(self.shares)
        yield from shared_partial_routes(jobs.partial, self.shares)
        yield from dataset_routes(self.datasets)
        yield from review_routes(self.reviews)
        yield from review_score_routes(self.review_scores)
        yield from rendition_routes(self.renditions, self.shares)
        yield from label_sql_routes(self.label_sql)
        yield from chart_routes(self.label_charts)
        yield from moment_routes(self.moments)
        yield from search_routes(self.search, jobs.reports)
        yield from event_routes(self.feed, jobs.jobs.details_of_many)
        yield from webhook_routes(self.webhooks, self.history)
        yield from ledger_routes(self.ledger)

    def expiries(self) -> Sequence[Callable[[], int]]:
        """Return the functions that delete expired records."""
        return [
            self.events.expire, self.deliveries.prune, self.shares.expire, self.renditions.expire, self.search.expire,
            self.ledger.expire,
        ]  # fmt: skip

    def webhooks_of(self, user: User) -> list[Webhook]:
        """Return the webhooks of a user, for the export of their account."""
        return self.webhooks.all(user)["webhooks"]


def build_features(foundation: Foundation, data: DataServices, jobs: JobServices) -> FeatureServices:
    """Build the services of the features."""
    database, settings, signals = foundation.database, foundation.settings, foundation.signals
    wake_dispatchers = signals.sender(JOBS)
    internal_jobs = InternalJobs(database, foundation.storage, jobs.analytics, wake_dispatchers, jobs.execution.refusal)
    places = DatasetPlaces(own_members, results_of, data.data.found)
    datasets = DatasetService(database, jobs.analytics, places)
    review_files = ReviewFiles(database)
    sources = SourceResolver(data.data, jobs.jobs, jobs.analytics, datasets, review_files, foundation.storage)
    retention = RetentionPolicy(timedelta(days=settings.rendition_retention_days), settings.renditions_per_user)
    events = EventService(database, timedelta(days=settings.event_retention_days))
    feed = Feed(events, settings.event_streams, settings.event_streams_per_user)
    database.on_write(feed.wake)
    signals.on(EVENTS, feed.wake)
    cipher = foundation.cipher("webhooks")
    deliveries = DeliveryService(database, _record_lookup(jobs.jobs), timedelta(days=settings.delivery_retention_days))
    record = None if foundation.traces is None else foundation.traces.record
    deliverer = Deliverer(deliveries, foundation.guard, cipher, lambda: foundation.process.leads, record)
    signals.on(WEBHOOKS, deliverer.wake)
    signals.on(EVENTS, deliverer.wake)
    renditions = RenditionService(database, foundation.storage, internal_jobs, sources, retention)
    label_sql = LabelSqlService(database, renditions, settings.renditions_per_user)
    label_charts = LabelCharts(database, label_sql, places)
    return FeatureServices(
        datasets=datasets,
        reviews=ReviewService(
            database, foundation.storage, LabelFiles(foundation.storage), data.storage_quota, may_review
        ),
        review_scores=ReviewScoreService(database, foundation.storage, renditions),
        renditions=renditions,
        label_sql=label_sql,
        label_charts=label_charts,
        moments=MomentService(database, label_charts, label_sql, renditions),
        preparer=_preparer(foundation, data, jobs, renditions),
        search=SearchService(database),
        shares=ShareService(
            database,
            jobs.jobs,
            foundation.addresses.public_url,
            is_embeddable=bool(settings.embed_origins.strip()),
        ),
        events=events,
        feed=feed,
        deliveries=deliveries,
        deliverer=deliverer,
        webhooks=WebhookService(database, foundation.guard, cipher, signals.sender(WEBHOOKS)),
        history=DeliveryHistoryService(database, signals.sender(WEBHOOKS)),
        ledger=UsageLedger(database, timedelta(days=settings.usage_retention_days)),
    )


def _preparer(foundation: Foundation, data: DataServices, jobs: JobServices, renditions: RenditionService) -> Preparer:
    """Build what prepares the renditions of new videos, if the setting asks for it, and of those that wait already."""
    settings, dispatcher = foundation.settings, jobs.dispatcher
    # The rest of an owner's renditions is left to those that users ask for.
    most = settings.renditions_per_user // 2
    signals, process = foundation.signals, foundation.process
    is_converting = settings.prepare_renditions and is_installed("parquet")
    preparations = PreparationService(
        foundation.database,
        renditions,
        FactsService(foundation.database),
        FinishedLabels(foundation.database) if is_converting else None,
        jobs.background,
        dispatcher.has_idle_slot,
        most,
        signals.sender(VIDEOS),
    )
    preparer = Preparer(preparations, lambda: process.leads)
    signals.on(VIDEOS, preparations.note_waiting)
    for topic in (VIDEOS, EVENTS):
        signals.on(topic, preparer.wake)
    foundation.database.on_write(preparer.wake)
    if settings.prepare_renditions:
        data.data.on_added(preparations.enqueue)
    return preparer


def build_overview_routes(foundation: Foundation, accounts: AccountServices, jobs: JobServices) -> Iterable[Route]:
    """Yield the routes of the overview, which needs no services of others than these."""
    database, settings, dispatchers = foundation.database, foundation.settings, jobs.dispatchers
    installed = lambda: jobs.reload.installed  # noqa: E731  (as short as it gets)
    health = HealthService(
        settings,
        database,
        dispatchers,
        installed,
        foundation.expiry_clock,
        jobs.execution.sandbox,
        jobs.execution.job_limits,
        lambda: check_containers(jobs.execution.containers.missing(), jobs.execution.containers.in_force()),
    )
    yield from overview_routes(QueueService(database, dispatchers), health, dispatchers.workers)
    yield from usage_routes(UsageService(database), accounts.applications)


def _record_lookup(jobs: JobService) -> Callable[[str, str], Mapping[str, object]]:  # as webhooks declare it
    def look_up(owner_id: str, job_id: str) -> Mapping[str, object]:
        try:
            return jobs.record(User(owner_id, ""), job_id)
        except NotFound:
            return {}

    return look_up
