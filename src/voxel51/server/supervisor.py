"""Supervisor: start the processes of a platform with several, start those again that die, and stop them in order.

One process runs the jobs and the background work; the others accept requests on the same listening sockets, which the
supervisor keeps open, so that a process that dies takes no waiting connection with it.
"""

import asyncio
import json
import logging
import signal
import sys
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from voxel51.server.database.connections import warn_of_shortage
from voxel51.server.database.opening import open_database
from voxel51.server.hangup import HangUp
from voxel51.server.listening import Sockets
from voxel51.server.roles import Role
from voxel51.server.settings import Settings
from voxel51.server.supervised import Orders, Report
from voxel51.wire.backoff import Backoff

log = logging.getLogger(__name__)

_AFTER_DEATH = Backoff(first_seconds=0.2, longest_seconds=30.0)
_FORGET_SECONDS = 60.0
"""Time after which the pauses before a new start begin from the first one again."""


def supervise(settings: Settings, sockets: Sockets, on_ready: Callable[[], object]) -> None:
    """Run the processes until a signal stops them; call ``on_ready`` once all are ready.

    Raises:
        RuntimeError: one of them cannot start.
    """
    database = open_database(settings)  # what is wrong with it is said once, and one process migrates it
    warn_of_shortage(database, settings)
    database.close()
    with tempfile.TemporaryDirectory(prefix="voxel51-metrics-") as metrics_folder:
        supervisor = _Supervisor(settings, sockets, metrics_folder)
        asyncio.run(supervisor.run(on_ready))


class _Process:
    """One supervised process, which is started again when it dies."""

    def __init__(
        self, name: str, settings: Settings, sockets: Sockets, start_id: str, metrics_folder: str, *, counts_jobs: bool
    ) -> None:
        self.name = name
        self._metrics_folder = metrics_folder
        self._counts_jobs = counts_jobs
        self._settings = settings
        self._sockets = sockets
        self._start_id = start_id
        self._running: asyncio.subprocess.Process | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Start the process, and return when it is ready.

        Raises:
            RuntimeError: it ended before.
        """
        descriptors = self._descriptors()
        self._running = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "voxel51.server.supervised",
            self.name,  # for lists of processes
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=descriptors,
            start_new_session=True,  # signals of the terminal reach the supervisor only, which passes them on in order
        )
        assert self._running.stdin is not None and self._running.stdout is not None  # noqa: S101  (they are pipes)
        self._running.stdin.write(json.dumps(self._orders(descriptors)).encode() + b"\n")
        line = await self._running.stdout.readline()
        report: Report = json.loads(line) if line else {"ready": False}
        if not report["ready"]:
            code = await self._running.wait()
            raise RuntimeError(report.get("failure") or f"the process {self.name} ended with {code} while it started")
        log.info("%s runs as process %d", self.name, self._running.pid)

    def _descriptors(self) -> list[int]:
        if not self._settings.role.serves_requests:
            return []
        both = (self._sockets.main, self._sockets.for_jobs)
        return [each.fileno() for each in both if each is not None]

    def _orders(self, descriptors: list[int]) -> Orders:
        addresses = self._sockets.addresses
        return {
            "settings": msgspec.json.encode(self._settings).decode(),
            "start_id": self._start_id,
            "name": self.name,
            "public_url": addresses.public_url,
            "job_url": addresses.job_url,
            "metrics_folder": self._metrics_folder,
            "counts_jobs": self._counts_jobs,
            "sockets": descriptors,
        }

    async def keep(self) -> None:
        """Return when the process has ended after `signal`; start it again whenever it ends before."""
        loop, failures = asyncio.get_running_loop(), 0
        while self._running is not None:
            started = loop.time()
            code = await self._running.wait()
            if self._is_stopping:
                return
            failures = 0 if loop.time() - started > _FORGET_SECONDS else failures
            log.error("%s ended with %d: it is started again", self.name, code)
            await asyncio.sleep(_AFTER_DEATH.seconds(failures))
            failures += 1
            if self._is_stopping:
                return
            try:
                await self.start()
            except (OSError, RuntimeError) as error:
                log.error("%s could not be started again: %s", self.name, error)  # noqa: TRY400  (no defect of ours)

    def signal(self, number: signal.Signals, *, stops: bool = True) -> None:
        """Send a signal to the process, if it runs."""
        self._is_stopping = self._is_stopping or stops
        if self._running is not None and self._running.returncode is None:
            self._running.send_signal(number)


class _Supervisor:
    def __init__(self, settings: Settings, sockets: Sockets, metrics_folder: str) -> None:
        start_id = str(uuid.uuid4())
        counting = "dispatcher" if settings.role.runs_jobs else "api-1"

        def process(name: str, role: Role) -> _Process:
            own = replace(settings, role=role, workers=1)
            return _Process(name, own, sockets, start_id, metrics_folder, counts_jobs=name == counting)

        self._dispatchers = [process("dispatcher", Role.DISPATCHER)] if settings.role.runs_jobs else []
        self._servers = [process(f"api-{number}", Role.API) for number in range(1, settings.workers + 1)]
        self._stopping: asyncio.Task[None] | None = None
        self._kept: dict[str, asyncio.Task[None]] = {}

    async def run(self, on_ready: Callable[[], object]) -> None:
        """Start all processes, and return when all have ended after a signal."""
        self._handle_signals()
        try:
            # The dispatcher first: it has found the installed analytics then, which the others read from its cache.
            for group in (self._dispatchers, self._servers):
                await self._start(group)
        except BaseException:
            for process in (*self._dispatchers, *self._servers):
                process.signal(signal.SIGINT)
            await asyncio.gather(*self._kept.values())
            if self._stopping is None:
                raise
            return
        if self._stopping is None:
            on_ready()
        await asyncio.gather(*self._kept.values())

    async def _start(self, group: Sequence[_Process]) -> None:
        if self._stopping is not None:
            return
        started = await asyncio.gather(*(process.start() for process in group), return_exceptions=True)
        for process, failure in zip(group, started, strict=True):
            if failure is None:
                self._kept[process.name] = asyncio.create_task(process.keep())
        if failure := next((each for each in started if each is not None), None):
            raise failure

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._stop_at_once)
        for number in (signal.SIGTERM, signal.SIGUSR1):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, HangUp(self._reload, lambda: self._stop(signal.SIGTERM)))

    def _reload(self) -> None:
        for process in self._first():
            process.signal(signal.SIGHUP, stops=False)

    def _first(self) -> Sequence[_Process]:
        """Return the processes that act upon a signal first: the others follow when they have ended, or are told."""
        return self._dispatchers or self._servers

    def _stop_at_once(self) -> None:
        self._stopping = self._stopping or asyncio.create_task(self._stop_servers())
        for process in (*self._dispatchers, *self._servers):
            process.signal(signal.SIGINT)

    def _stop(self, number: signal.Signals) -> None:
        for process in self._first():
            process.signal(number)
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop_servers())

    async def _stop_servers(self) -> None:
        """Let jobs that still run report and users ask until the dispatcher has ended."""
        await asyncio.gather(*(self._kept[each.name] for each in self._dispatchers if each.name in self._kept))
        for process in self._servers:
            process.signal(signal.SIGTERM)
