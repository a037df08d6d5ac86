"""Bundle builder: threads that build the environments of queued bundles and read their manifests."""

import logging
import re
import shutil
import tarfile
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from voxel51.runners.environments.errors import BuildError, BuildUnavailable, IndexUnavailable
from voxel51.runners.environments.store import AnalyticDescription, Environment, ResolvedProject
from voxel51.server.analytics.bundles.build_log import FOLDER, BuildLog, BuildLogs
from voxel51.server.analytics.bundles.build_queue import BuildQueue, ClaimedBuild
from voxel51.server.analytics.bundles.seekable_file import SeekableFile
from voxel51.server.errors import ServiceError
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.analytics import AnalyticDocument
from voxel51.wire.backoff import Backoff
from voxel51.wire.bundles import BuildFailure
from voxel51.wire.manifests import field_of, problems_of

logger = logging.getLogger(__name__)

_POLL_SECONDS = 5.0
"""Pause between two looks at the queue, unless `BundleBuilder.wake` ends it."""

_FOLLOW_SECONDS = 1.0
"""Pause between two looks at whether another process has left the building to this one."""

_STOP_SECONDS = 1.0
"""Time for which `BundleBuilder.close` waits. A build that is still going on ends with the process, and is queued again
by the next start."""

_RETRY_PAUSE = timedelta(seconds=15)
"""Pause until a build that the platform could not do is tried again; for the package index, the shortest one."""

_LONGEST_RETRY_PAUSE = timedelta(minutes=5)

_REFUSED_RETRY = timedelta(minutes=1)
"""Time after which a build fails that the package index refuses, which it may do for a moment: it limits rates."""

_CHECK_SECONDS = 0.5
"""Pause between two checks of whether a build is still wanted."""

_UNPACKED_PATH = re.compile(r"…/bundles/building/[^/]+/")
"""Folder of the unpacked source, which is left out of paths in logs."""

_AWAY = "the platform cannot build now; it tries again"
_GIVEN_UP = "The platform has stopped trying. Deploy the analytic again, or ask the operator of the platform."
_DEFECT = "the platform could not build the bundle; its log has the cause. Ask the operator of the platform"
_AFTER_FAILURE = Backoff(first_seconds=2.0, longest_seconds=60.0)

Log = Callable[[str], None]


class Environments(Protocol):
    """Store of environments, see `voxel51.runners.environments.store.EnvironmentStore`."""

    def resolve(self, project: Path, log: Log) -> ResolvedProject:
        """Pin what a project requires."""

    def prepare(self, lock: str, log: Log) -> Environment:
        """Return the environment of a lock."""

    def describe(self, environment: Environment, source: Path, log: Log) -> AnalyticDescription:
        """Import the analytic in the sandbox."""


class _Cancelled(Exception):
    """The bundle was deleted or replaced, or the platform stops."""


@dataclass(frozen=True, slots=True)
class _Built:
    module: str
    lock: str
    document: AnalyticDocument


class BundleBuilder:
    """Builds queued bundles in ``threads`` threads.

    Args:
        queue: the builds.
        storage: has the archives, and gets the logs.
        environments: builds the environments.
        logs: the logs of the builds that run.
        folder: folder that the builder owns and empties.
        private_folder: folder whose path authors do not see in logs.
        threads: number of builds at the same time.
        leads: function that returns whether this process is the one, of several, that builds.
        retry_seconds: time for which a build is tried again while the package index does not answer.
    """

    def __init__(
        self,
        queue: BuildQueue,
        storage: Storage,
        environments: Environments,
        logs: BuildLogs,
        folder: Path,
        private_folder: Path,
        threads: int = 1,
        leads: Callable[[], bool] = lambda: True,
        retry_seconds: float = 3600.0,
    ) -> None:
        self._queue = queue
        self._storage = storage
        self._environments = environments
        self._logs = logs
        self._folder = folder
        self._private_folder = private_folder
        self._leads = leads
        self._retry = timedelta(seconds=retry_seconds)
        self._closing = threading.Event()
        self._woken = threading.Event()
        self._running: dict[str, str] = {}  # id of the analytic -> its owner
        self._claiming = threading.Lock()  # held until a claimed build is in `_running`
        self._threads = [
            threading.Thread(target=self._loop, name=f"bundle-builder-{number}", daemon=True)
            for number in range(threads)
        ]

    def open(self) -> None:
        """Start the threads, which queue again what an earlier process was building."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look at the queue at once. Safe from any thread."""
        self._woken.set()

    def close(self) -> None:
        """Begin no more builds, and end those that run."""
        self._closing.set()
        self._woken.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_STOP_SECONDS)

    def _loop(self) -> None:
        failures = 0
        while not self._closing.is_set():
            if not self._leads():
                self._closing.wait(_FOLLOW_SECONDS)
                continue
            try:
                with self._claiming:
                    self._queue.requeue_interrupted([*self._running])
                # Several threads share the event: one that finds the queue empty clears it before it looks again.
                self._woken.clear()
                while not self._closing.is_set() and self._leads() and self._build_next():
                    failures = 0
                self._woken.wait(_POLL_SECONDS)
            except Exception as error:
                if isinstance(error, OSError | ServiceError):  # an outage, which passes
                    logger.warning("building of bundles waits: %s", error)
                else:
                    logger.exception("building of bundles failed; retrying")
                self._closing.wait(_AFTER_FAILURE.seconds(failures))
                failures += 1

    def _build_next(self) -> bool:
        """Build the next bundle of the queue; return False if no build is queued."""
        build = self._claim()
        if build is None:
            return False
        log: BuildLog | None = None
        try:
            log = self._logs.begin(build.analytic_id)
            self._build(build, log)
        except _Cancelled:
            logger.info("the build of %s %s was cancelled", build.name, build.version)
            self._queue.release(build)  # without effect unless the platform stops
        except IndexUnavailable as error:
            logger.warning("the bundle %s cannot be built now: %s", build.analytic_id, error)
            since = build.waits_since or dates.now()
            self._queue.release(build, str(error), self._pause(build, error), since)
        except (BuildUnavailable, OSError) as error:
            # Such as a full disk. Other bundles may not need it, so they do not wait.
            logger.warning("the bundle %s cannot be built now: %s", build.analytic_id, error)
            reason = str(error) if isinstance(error, BuildUnavailable) else _AWAY
            self._queue.release(build, reason, _RETRY_PAUSE)
        except BaseException:
            self._queue.release(build)
            raise
        finally:
            if log is not None:
                self._logs.end(build.analytic_id)
            with self._claiming:
                del self._running[build.analytic_id]
        return True

    def _claim(self) -> ClaimedBuild | None:
        with self._claiming:
            build = self._queue.claim([*self._running.values()])
            if build is not None:
                self._running[build.analytic_id] = build.owner
            return build

    def _build(self, build: ClaimedBuild, log: BuildLog) -> None:
        """Build a bundle, and record how it ended.

        The record is within the block, too: it has what the code of the bundle told about itself.
        """
        try:
            built = self._built(build, log)
            log.add(f"ready: {build.name} {build.version}")
            self._record(
                log, lambda writer: self._queue.complete(build, built.module, built.lock, built.document, writer)
            )
        except IndexUnavailable as error:
            if self._pause(build, error) > timedelta():
                raise
            self._fail(build, log, BuildError(f"{error}\n{_GIVEN_UP}"))
        except (OSError, ServiceError, BuildUnavailable, _Cancelled):
            raise
        except Exception as raised:  # a defect that may lie in this bundle: it must not block the queue for ever
            if not isinstance(raised, BuildError):
                logger.exception("the bundle %s could not be built", build.analytic_id)
            self._fail(build, log, raised if isinstance(raised, BuildError) else BuildError(_DEFECT))

    def _fail(self, build: ClaimedBuild, log: BuildLog, error: BuildError) -> None:
        log.add(f"failed: {error}")
        failure = _failure_of(error)
        self._record(log, lambda writer: self._queue.fail(build, failure, writer))

    def _pause(self, build: ClaimedBuild, error: IndexUnavailable) -> timedelta:
        """Return the pause until a build is tried again: the longer it waits, the longer. None is left at its limit."""
        limit = min(self._retry, _REFUSED_RETRY) if error.is_refused else self._retry
        waited = dates.now() - build.waits_since if build.waits_since else timedelta()
        return min(max(waited / 2, _RETRY_PAUSE), _LONGEST_RETRY_PAUSE, max(limit - waited, timedelta()))

    def _built(self, build: ClaimedBuild, log: BuildLog) -> _Built:
        checked_at = time.monotonic()

        def add(line: str) -> None:
            nonlocal checked_at
            log.add(_UNPACKED_PATH.sub("", line.replace(str(self._private_folder), "…")))
            if time.monotonic() - checked_at < _CHECK_SECONDS:
                return
            checked_at = time.monotonic()
            if self._closing.is_set() or not self._queue.is_current(build):
                raise _Cancelled

        with self._unpacked(build) as root:
            add("resolving requirements")
            resolved = self._environments.resolve(root, add)
            add("preparing the environment")
            with self._environments.prepare(resolved.lock, add) as environment:
                add("reading the manifest")
                described = self._environments.describe(environment, root / resolved.module, add)
        _check_manifest(build, described.document)
        return _Built(resolved.module, resolved.lock, described.document)

    @contextmanager
    def _unpacked(self, build: ClaimedBuild) -> Iterator[Path]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            stored = cast("BinaryIO", SeekableFile(self._storage, build.storage_key))
            with tarfile.open(fileobj=stored, mode="r:gz") as archive:
                archive.extractall(folder, filter="data")  # an archive of `ProjectFolder.archive`
            for path in (Path(folder), *Path(folder).rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)  # the sandbox reads it as another user
            yield Path(folder)

    def _record(self, log: BuildLog, record: Callable[[Writer], bool]) -> None:
        """Store the log, and record the end of the build together with it."""
        writer = self._storage.writer(f"{FOLDER}/{uuid.uuid4()}")
        try:
            writer.write(log.path.read_bytes())
            writer.commit()
        finally:
            writer.abort()  # without effect once it is committed
        # If the database breaks off, the record may name the file: then only the sweeper may delete it.
        if not record(writer):
            self._storage.delete(writer.key)
            raise _Cancelled


def _check_manifest(build: ClaimedBuild, document: AnalyticDocument) -> None:
    """Raise `BuildError` if the manifest is invalid, or has another name or version than the bundle was deployed as."""
    problems = problems_of(document)
    if problems:
        raise BuildError(f"the manifest is invalid: {'; '.join(problems)}", field=field_of(problems[0]))
    expected = {"name": build.name.rpartition("/")[2], "version": build.version}
    for field, value in expected.items():
        found = document["info"][field]  # type: ignore[literal-required]  # both are keys of `AnalyticInfo`
        if found != value:
            text = f"the manifest says {field} {found!r}, and the decorator in the source {value!r}"
            raise BuildError(text, field=f"info.{field}")


def _failure_of(error: BuildError) -> BuildFailure:
    failure: BuildFailure = {"message": error.message}
    if error.file is not None:
        failure["file"] = error.file
    if error.line is not None:
        failure["line"] = error.line
    if error.field is not None:
        failure["field"] = error.field
    return failure
