"""Wiring of bundles: their reception, their builds, and the environments that they run in."""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from voxel51.runners.environments.bundle_runner import BundleRunner, BundleRunnerSettings
from voxel51.runners.environments.source_archives import SourceLimits
from voxel51.runners.environments.store import BUILD_LIMITS, EnvironmentStore, StoreSettings
from voxel51.runners.environments.uv import IndexSettings
from voxel51.runners.sandbox.policy import SandboxPolicy
from voxel51.runners.sandbox.probe import SandboxReport
from voxel51.server.accounts.callers import Caller, User
from voxel51.server.analytics.bundles.build_log import BuildLogs
from voxel51.server.analytics.bundles.build_queue import BuildQueue
from voxel51.server.analytics.bundles.builder import BundleBuilder
from voxel51.server.analytics.bundles.permission import DeployPermission, resolved_deployers
from voxel51.server.analytics.bundles.project_folder import BundleLimits
from voxel51.server.analytics.bundles.reception import BundleReception
from voxel51.server.analytics.bundles.routes import bundle_routes
from voxel51.server.analytics.bundles.service import BundleService
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.database.signals import BUNDLES
from voxel51.server.http.route import Route
from voxel51.server.settings import Settings
from voxel51.server.wiring.foundation import Foundation
from voxel51.wire.tasks import JobLimits


@dataclass(frozen=True, slots=True)
class BundleServices:
    """All services of bundles."""

    environments: EnvironmentStore
    reception: BundleReception
    service: BundleService
    permission: DeployPermission
    builder: BundleBuilder
    runner: BundleRunner

    def routes(self) -> Iterable[Route]:
        """Yield the routes of bundles."""
        yield from bundle_routes(self.reception, self.service, self.permission)


def build_bundles(
    foundation: Foundation, quota: StorageQuota, sandbox: SandboxReport, policy: SandboxPolicy
) -> BundleServices:
    """Build the services of bundles. Builds and jobs are confined by ``policy``."""
    database, storage, settings = foundation.database, foundation.storage, foundation.settings
    folder = settings.folder / "bundles"
    logs = BuildLogs(folder / "logs")
    environments = EnvironmentStore(settings.folder / "environments", policy, store_settings(settings))
    queue = BuildQueue(database, storage)
    builder = BundleBuilder(
        queue, storage, environments, logs, folder / "building", settings.folder, settings.bundle_builds,
        lambda: foundation.process.leads, settings.build_retry_seconds,
    )  # fmt: skip
    foundation.signals.on(BUNDLES, builder.wake)

    wake = foundation.signals.sender(BUNDLES)

    def check_space(connection: Connection, owner: Caller, more_bytes: int) -> None:
        if isinstance(owner, User):  # applications have no quota
            quota.check(connection, owner.id, more_bytes)

    return BundleServices(
        environments=environments,
        reception=BundleReception(storage, folder / "received", BundleLimits(settings.bundle_bytes)),
        service=BundleService(database, storage, logs, settings.bundles_per_user, check_space, wake),
        permission=DeployPermission(database, resolved_deployers(settings.bundle_deployers, sandbox.kind)),
        builder=builder,
        runner=_runner(settings, environments, policy),
    )


def _runner(settings: Settings, environments: EnvironmentStore, policy: SandboxPolicy) -> BundleRunner:
    folder = settings.folder / "bundles" / "running"
    return BundleRunner(folder, environments, policy, bundle_runner_settings(settings))


def bundle_runner_settings(settings: Settings) -> BundleRunnerSettings:
    """Return the settings of a runner of bundles."""
    # The sources were limited when they were received; the runner allows for the overhead of their archives.
    limits = SourceLimits(archive_bytes=2 * settings.bundle_bytes, unpacked_bytes=2 * settings.bundle_bytes)
    return BundleRunnerSettings(
        source_limits=limits, weights_folder=settings.weights_folder, gpus=settings.gpus_of_bundles
    )


def store_settings(settings: Settings) -> StoreSettings:
    """Return the settings of environments."""
    servers = tuple(url.strip() for url in settings.package_file_servers.split(",") if url.strip())
    wheels = Path(settings.package_wheels).expanduser().absolute() if settings.package_wheels else None
    index = IndexSettings(settings.package_index, servers, wheels, settings.package_sources)
    limits: JobLimits = {
        **BUILD_LIMITS,
        "wall_seconds": settings.build_wall_seconds,
        "cpu_seconds": math.ceil(settings.build_wall_seconds) * (os.cpu_count() or 1),
        "memory_bytes": settings.build_memory_bytes,
    }
    return StoreSettings(index, settings.environment_bytes, limits, settings.import_seconds)
