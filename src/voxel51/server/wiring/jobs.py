"""Wiring of jobs: the analytics, jobs and their attempts, and the dispatcher that runs them."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from voxel51.runners.nodes.runner import NodeRunner
from voxel51.server.accounts.callers import User
from voxel51.server.analytics.availability import Availability
from voxel51.server.analytics.description_cache import DescriptionCache
from voxel51.server.analytics.installed import Installation, find_installed
from voxel51.server.analytics.network.routes import network_routes
from voxel51.server.analytics.network.service import NetworkGrants
from voxel51.server.analytics.program_files import ProgramFiles
from voxel51.server.analytics.program_routes import program_routes
from voxel51.server.analytics.programs import ProgramService
from voxel51.server.analytics.reload import PackageReload, ReloadSteps
from voxel51.server.analytics.routes import analytic_routes
from voxel51.server.analytics.service import AnalyticService
from voxel51.server.analytics.uploads import UploadedAnalytics
from voxel51.server.analytics.weights_in_use import WeightsInUse
from voxel51.server.database.database import Database
from voxel51.server.database.signals import JOBS, PACKAGES, Signals
from voxel51.server.engine.attempt_spans import AttemptSpans
from voxel51.server.engine.dispatcher import Dispatcher, DispatchSettings
from voxel51.server.engine.dispatchers import Dispatchers
from voxel51.server.engine.nodes import NodeService
from voxel51.server.engine.start_gate import StartGate
from voxel51.server.engine.workers import local_worker
from voxel51.server.http.route import Route, with_default_scope
from voxel51.server.jobs.actions import JobActions
from voxel51.server.jobs.activity import ActivityService
from voxel51.server.jobs.activity_routes import activity_routes
from voxel51.server.jobs.agent_routes import agent_routes
from voxel51.server.jobs.analytic_facts import AnalyticFactsService
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.jobs.attempts import AttemptService
from voxel51.server.jobs.background_slot import BackgroundSlot
from voxel51.server.jobs.checkpoint_routes import checkpoint_routes
from voxel51.server.jobs.checkpoints import CheckpointService
from voxel51.server.jobs.fair_share import same_limit
from voxel51.server.jobs.log_uploads import LogUploads
from voxel51.server.jobs.partial_parts import PartialLimits
from voxel51.server.jobs.partial_results import PartialResults
from voxel51.server.jobs.partial_routes import partial_routes
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.revocation import stop_jobs_of
from voxel51.server.jobs.routes import OutputFormats, job_routes
from voxel51.server.jobs.service import JobService, has_active_jobs
from voxel51.server.jobs.tasks import TaskService
from voxel51.server.reload_report import ReloadReport, write_report
from voxel51.server.renditions.service import RENDITION_ANALYTIC
from voxel51.server.reviews.service import ReviewFiles
from voxel51.server.roles import Role
from voxel51.server.scheduling.admissions import admission
from voxel51.server.scheduling.controls import ControlService
from voxel51.server.scheduling.outlook import QueueOutlook
from voxel51.server.scheduling.routes import control_routes
from voxel51.server.scheduling.waiting import Engine
from voxel51.server.secrets.routes import secret_routes
from voxel51.server.secrets.service import SecretService
from voxel51.server.settings import Settings
from voxel51.server.wiring.accounts import AccountServices
from voxel51.server.wiring.containers import missing_for_frames
from voxel51.server.wiring.data import DataServices
from voxel51.server.wiring.discovery import Discovery
from voxel51.server.wiring.execution import Execution, build_execution
from voxel51.server.wiring.foundation import Foundation
from voxel51.wire.accounts import Scope
from voxel51.wire.tasks import JobLimits


@dataclass(frozen=True, slots=True)
class JobServices:
    """All services of analytics and jobs, and what runs the jobs."""

    database: Database
    wake: Callable[[], None]
    reload: PackageReload
    network: NetworkGrants
    analytics: AnalyticService
    uploaded: UploadedAnalytics
    program_files: ProgramFiles
    execution: Execution
    facts: AnalyticFactsService
    attempts: AttemptService
    reports: AttemptReports
    tasks: TaskService
    dispatcher: Dispatcher
    dispatchers: Dispatchers
    background: BackgroundSlot
    secrets: SecretService
    jobs: JobService
    partial: PartialResults
    checkpoints: CheckpointService
    actions: JobActions
    controls: ControlService
    activity: ActivityService
    logs: LogUploads

    def routes(self, data: DataServices, formats: OutputFormats) -> Iterable[Route]:
        """Yield the routes of analytics and jobs."""
        yield from secret_routes(self.secrets)
        analytics = analytic_routes(self.analytics, self.uploaded, has_active_jobs, self.facts.facts)
        yield from with_default_scope(Scope.UPLOAD, analytics)
        yield from with_default_scope(Scope.RUN, job_routes(self.jobs, self.actions, formats))
        yield from with_default_scope(Scope.UPLOAD, self.execution.bundles.routes())
        yield from control_routes(self.controls)
        yield from network_routes(self.network, self._stop_jobs)
        yield from program_routes(self.program_files)
        yield from agent_routes(self.reports, self.tasks, data.data, self.logs)
        yield from partial_routes(self.partial)
        yield from activity_routes(self.activity)
        yield from checkpoint_routes(self.checkpoints)

    def _stop_jobs(self, connection: Connection, analytic_ids: Sequence[str], reason: str) -> int:
        stopped = stop_jobs_of(connection, analytic_ids, reason)
        self.database.after_commit(self.wake)
        return stopped

    def delete_all(self, user: User) -> bool:
        """Cancel and delete all jobs of a user; returns False while one of them is still running."""
        return self.actions.kill_all(user) and self.jobs.delete_all(user)


def build_jobs(
    foundation: Foundation, accounts: AccountServices, data: DataServices, discovery: Discovery
) -> JobServices:
    """Build the services of analytics and jobs, and register the installed analytics."""
    database, storage, settings = foundation.database, foundation.storage, foundation.settings
    max_running = accounts.quotas.most_running
    installed = discovery.installed.result()
    grace = timedelta(seconds=settings.grace_seconds)
    background = BackgroundSlot()
    of_each_user = background.extended(same_limit(settings.renditions_at_once))
    process = foundation.process
    attempts = AttemptService(
        database, storage, process, settings.job_attempts, grace, max_running, of_each_user, admission
    )
    secrets = SecretService(database, foundation.cipher("secrets"))
    tasks = TaskService(
        database,
        data.data,
        data.sources,
        secrets,
        foundation.job_links(),
        settings.checkpoint_bytes,
        ReviewFiles(database).labels_of,
    )
    execution = build_execution(foundation, data.storage_quota, discovery)
    gate = StartGate(settings.folder, settings.disk_reserve_bytes, execution.refusal)
    image_availability = Availability(execution.containers.missing, missing_for_frames, execution.network_refusal)
    analytics = AnalyticService(database, WeightsInUse(settings.weights_folder), image_availability)
    _register(analytics, installed, settings.role)
    program_files = ProgramFiles(database, foundation.job_links())
    network = NetworkGrants(database, execution.network_refusal, settings.job_network_bytes)
    programs = ProgramService(database, program_files, network, execution.has_gpus)
    dispatch_settings = _dispatch_settings(foundation, background, execution)
    spans = None if foundation.traces is None else AttemptSpans(foundation.traces.record, attempts.times)
    dispatcher = Dispatcher(attempts, programs, tasks, execution.runner, gate, process, dispatch_settings, spans)
    foundation.signals.on(JOBS, dispatcher.wake)
    wake = foundation.signals.sender(JOBS)
    dispatchers = _dispatchers(foundation, dispatcher, execution.nodes)
    positions = QueuePositions(max_running)
    outlook = QueueOutlook(max_running, positions, _engine(execution.nodes, dispatchers, programs))
    jobs = JobService(
        database, storage, analytics, data.data, foundation.lifetime, foundation.public_links(),
        secrets, positions, wake, execution.refusal, outlook.of,
    )  # fmt: skip
    reports = AttemptReports(database, storage, grace)
    limits = PartialLimits(settings.job_partial_bytes, settings.user_partial_bytes)
    return JobServices(
        reload=_package_reload(settings, foundation.signals, installed, analytics, programs, execution.load_packages),
        database=database,
        wake=wake,
        network=network,
        analytics=analytics,
        uploaded=UploadedAnalytics(database, storage, image_availability),
        program_files=program_files,
        execution=execution,
        facts=AnalyticFactsService(database, analytics),
        attempts=attempts,
        reports=reports,
        tasks=tasks,
        dispatcher=dispatcher,
        dispatchers=dispatchers,
        background=background,
        secrets=secrets,
        jobs=jobs,
        partial=PartialResults(database, jobs, reports, limits),
        checkpoints=CheckpointService(database, reports, settings.checkpoint_bytes),
        actions=JobActions(database, wake, _expiry(foundation, jobs)),
        controls=ControlService(database, wake),
        activity=ActivityService(database, reports),
        logs=LogUploads(storage, settings.job_log_bytes, tasks.hidden_values),
    )


def _total_gpus(nodes: NodeRunner | None, dispatchers: Dispatchers) -> int:
    """Return the GPUs of all nodes. Dispatchers of other processes use the same nodes, so theirs are not added."""
    own = sum(state.offer.total.gpus for state in nodes.nodes() if state.offer) if nodes else 0
    return max(math.floor(own), dispatchers.gpus_of_others())


def _engine(nodes: NodeRunner | None, dispatchers: Dispatchers, programs: ProgramService) -> Engine:
    return Engine(
        obstacle=lambda: dispatchers.waiting_reason,
        slots=lambda: dispatchers.slots(internal=False),
        total_gpus=lambda: _total_gpus(nodes, dispatchers),
        gpus=lambda analytic_id, mode: programs.resources(analytic_id, mode).gpus,
    )


def _register(analytics: AnalyticService, installed: Installation, role: Role) -> None:
    """Update the catalogue to the installed packages, which are those of the processes that run jobs."""
    if role.runs_jobs:
        analytics.install(installed.analytics, internal={RENDITION_ANALYTIC})
    else:
        analytics.choose_weights(installed.analytics)


def _dispatchers(foundation: Foundation, dispatcher: Dispatcher, nodes: NodeRunner | None) -> Dispatchers:
    settings = foundation.settings
    own = dispatcher if settings.role.runs_jobs else None
    of_nodes = NodeService(foundation.database, nodes, foundation.settings.engine).workers if nodes else list
    return Dispatchers(own, foundation.process, lambda: [local_worker(dispatcher, settings.folder), *of_nodes()])


def _expiry(foundation: Foundation, jobs: JobService) -> Callable[[], object]:
    """Return what deletes the outputs of expired jobs at once, unless the clock is in doubt."""
    return lambda: foundation.expiry_clock.is_believed() and jobs.expire()


def _dispatch_settings(foundation: Foundation, background: BackgroundSlot, execution: Execution) -> DispatchSettings:
    settings, nodes = foundation.settings, execution.nodes
    return DispatchSettings(
        slots=execution.slots,
        internal_slots=settings.rendition_concurrency,
        limits=_job_limits(settings, settings.job_wall_seconds),
        internal_limits=_job_limits(settings, min(settings.job_wall_seconds, settings.rendition_wall_seconds)),
        base_url=foundation.job_api_url,
        background_slots=background.count,
        could_run=(lambda _launch: True) if nodes is None else nodes.could_run,
    )


def _job_limits(settings: Settings, wall_seconds: float) -> JobLimits:
    return JobLimits(
        wall_seconds=wall_seconds,
        cpu_seconds=settings.job_cpu_seconds,
        memory_bytes=settings.attempt_memory_bytes,
        file_bytes=settings.job_file_bytes,
        open_files=1024,
        processes=settings.job_processes,
        scratch_bytes=settings.job_scratch_bytes,
        scratch_files=settings.job_scratch_files,
        written_bytes=settings.job_written_bytes,
    )


def _package_reload(
    settings: Settings,
    signals: Signals,
    installed: Installation,
    analytics: AnalyticService,
    programs: ProgramService,
    load_packages: Callable[[Sequence[str]], None],
) -> PackageReload:
    def register(found: Installation) -> None:
        _register(analytics, found, settings.role)
        programs.forget_packages()

    # A process that runs no jobs follows the one that has just described all packages again.
    cache, fresh = DescriptionCache(settings.cache_folder), settings.role.runs_jobs
    steps = ReloadSteps(
        find=lambda: find_installed(cache, settings.import_seconds, fresh=fresh),
        load_for_next_jobs=lambda found: load_packages(found.preloaded(settings.preload_patterns)),
        register=register,
    )

    def publish(report: ReloadReport) -> None:
        if settings.role.runs_jobs:
            write_report(settings.folder, report)
            signals.tell_others(PACKAGES)

    reload = PackageReload(installed, steps, publish)
    if not settings.role.runs_jobs:
        signals.on(PACKAGES, reload.request)
    return reload
