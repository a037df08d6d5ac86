"""Targets of the fault suite: platforms on SQLite and a disk, on PostgreSQL and S3, or on a Ray cluster beside these.

Each has its own faults.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from demo.platform_process import PlatformProcess
from support.cutting_proxy import CuttingProxy
from support.dispatchers import kill_with_children, shared_settings
from support.faults.checker import BucketStore, Checker, FolderStore
from support.leftover_processes import Family
from support.platforms import INSTALLED, new_platform
from support.postgresql import PostgreSQL, running_postgresql
from support.ray_nodes import LEASE_SECONDS, RayTestCluster, Worker, new_ray_cluster
from support.s3 import S3Server, running_s3
from support.small_disks import mounted_small_disk
from support.stored_files import database_path

SETTINGS = {
    "VOXEL51_SERVER_JOB_ATTEMPTS": "50",  # so many that only a job which is lost over and over runs out of them
    "VOXEL51_SERVER_OUTBOUND_ALLOW": "127.0.0.1",
    "VOXEL51_SERVER_DISK_RESERVE_BYTES": str(2**20),
}

SWEEP = """
import sys
from datetime import timedelta
from voxel51.cli.main import main
from voxel51.server.engine.sweeper import Sweeper
Sweeper.sweep_orphans.__defaults__ = (timedelta(0),)
sys.exit(main())
"""
"""The command line of a platform on which the grace period of files without a record is over."""

_CUT_WITHIN_BYTES = 64 * 1024
_TRIES = 5

_CLOCK_STEPS_SECONDS = (-7200.0, -45.0, 45.0, 7200.0, 400 * 86400.0)
_WRONG_CLOCK = Path(__file__).parent / "wrong_clock"


def _clock_of(folder: Path) -> dict[str, str]:
    """Return variables that let the clock of a process follow the file `clock` beside its data ``folder``."""
    paths = os.pathsep.join(filter(None, [str(_WRONG_CLOCK), str(INSTALLED), os.environ.get("PYTHONPATH", "")]))
    return {"PYTHONPATH": paths, "CLOCK_OFFSET_FILE": str(folder.with_suffix(".clock"))}


class Target:
    """A platform with its faults. Each fault has ended when its function returns, and the platform runs again.

    Attributes:
        faults: functions by name, each with its weight.
        done: number of faults by name.
        missed: number of faults by name that found nothing to hit.
        proxy: the proxy by which clients reach the platform.

    Args:
        seed: chooses faults, victims and times. A fault depends on the seed and its number alone, not on what the ones
            before it found.
        longest_seconds: longest outage.
    """

    def __init__(self, seed: int, longest_seconds: float) -> None:
        self.chance = random.Random(seed)
        self._seed = seed
        self._strikes = 0
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.faults: dict[str, tuple[int, Callable[[], object]]] = {
            "job": (6, self.kill_job),
            "cut": (4, self.cut),
            "clock": (1, self.step_clock),
        }
        self.processes: list[PlatformProcess] = []
        self.proxy: CuttingProxy
        self._links: list[CuttingProxy] = []
        self._longest_seconds = longest_seconds

    @property
    def first(self) -> PlatformProcess:
        """The process that serves requests."""
        return self.processes[0]

    def strike(self) -> None:
        """Wait for a random time, then let one random fault happen."""
        self._strikes += 1
        self.chance = random.Random(f"{self._seed} {self._strikes}")
        time.sleep(self.chance.uniform(0.01, 1.0))
        names = list(self.faults)
        [name] = self.chance.choices(names, [self.faults[name][0] for name in names])
        (self.missed if self.faults[name][1]() is False else self.done)[name] += 1

    def never_hit(self) -> list[str]:
        """Return the faults that were tried several times and never found anything: the suite misses its aim."""
        return [name for name, number in self.missed.items() if number >= _TRIES and not self.done[name]]

    def outage(self) -> None:
        """Wait as long as an outage lasts."""
        time.sleep(self.chance.uniform(self._longest_seconds / 10, self._longest_seconds))

    def cut(self) -> None:
        """Cut the next connections of clients."""
        self.proxy.cut_more(self.chance.randint(1, 3))

    def kill_job(self) -> bool:
        """Kill one process of a job, or of what starts jobs, if there is one."""
        victims = [
            process
            for platform in self.processes
            for process in psutil.Process(platform.pid).children(recursive=True)
            if "voxel51.server.supervised" not in _command(process)
        ]
        with suppress(psutil.NoSuchProcess):
            if victims:
                self.chance.choice(sorted(victims, key=lambda each: each.pid)).kill()
                return True
        return False

    def step_clock(self) -> None:
        """Let the clock of one process be wrong for an outage."""
        offset = self.chance.choice(_CLOCK_STEPS_SECONDS)
        clock = Path(self.chance.choice(self.processes).environment["CLOCK_OFFSET_FILE"])
        clock.write_text(str(offset))
        self.outage()
        clock.write_text("0")

    def paused(self, platform: PlatformProcess) -> None:
        """Pause a process for an outage."""
        process = psutil.Process(platform.pid)
        process.send_signal(signal.SIGSTOP)
        self.outage()
        process.send_signal(signal.SIGCONT)

    def checker(self) -> Checker:
        """Return a checker of what is left."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop all processes in order, and assert that none is left."""
        for platform in reversed(self.processes):
            family = Family(platform.pid)
            assert platform.stop() == 0, platform.tail()
            family.assert_gone()

    @contextmanager
    def sweeping(self) -> Iterator[None]:
        """Run a platform inside the block that deletes files without a record, whatever their age."""
        command = [sys.executable, "-c", SWEEP, "server", "start", "--dir", self.first.folder, "--port", "0"]
        log = self.first.log.with_name("sweeping.log").open("wb")
        with log, subprocess.Popen(command, env=self.first.environment, stdout=log, stderr=log) as process:
            try:
                yield
            finally:
                process.terminate()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the processes and the proxy inside the block. Kill those that are left at its end."""
        try:
            self.first.start()
            with CuttingProxy(self.first.url, self.chance.randrange(10**6), _CUT_WITHIN_BYTES, 0) as self.proxy:
                self._start_others()
                yield
        finally:
            for platform in self.processes:
                if platform.is_running():
                    kill_with_children(platform)
            for link in self._links:
                link.close()

    def _start_others(self) -> None:
        pass


class LocalTarget(Target):
    """A platform of one process, with SQLite and files on a small disk."""

    def __init__(self, seed: int, longest_seconds: float, disk: Path) -> None:
        super().__init__(seed, longest_seconds)
        self._disk = disk
        self.processes = [new_platform(disk / "data", environment={**SETTINGS, **_clock_of(disk / "data")})]
        self.faults |= {
            "server": (4, self._kill_server),
            "pause": (1, lambda: self.paused(self.first)),
            "full disk": (2, self._fill_disk),
        }

    def _kill_server(self) -> None:
        self.first.kill()
        self.first.start()

    def _fill_disk(self) -> None:
        filler = self._disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**16))
        self.outage()
        filler.unlink()

    def checker(self) -> Checker:
        """Implement `Target.checker`."""
        folder = self.first.folder
        return Checker(f"sqlite:///{database_path(folder)}", FolderStore(folder / "storage"))


class SharedTarget(Target):
    """A platform of two processes that serve requests and two dispatchers, on PostgreSQL and S3."""

    def __init__(self, seed: int, longest_seconds: float, folder: Path, database: PostgreSQL, store: S3Server) -> None:
        super().__init__(seed, longest_seconds)
        self._folder = folder
        self._database, self._store = database, store
        self._location, self._url = store.location(), database.database()
        address = urlsplit(self._url)
        # The link of each process to the database.
        self._links = [CuttingProxy(f"http://{address.hostname}:{address.port}", seed, 1, 0) for _ in range(2)]
        settings = shared_settings(folder, self._url, slots=2)
        del settings["VOXEL51_SERVER_STORAGE_DIR"]
        self._settings = {
            **SETTINGS,
            **settings,
            **store.environment,
            "VOXEL51_SERVER_STORAGE_URL": self._location,
            "VOXEL51_SERVER_STORAGE_ENDPOINT": store.endpoint,
        }
        own = {**self._settings, **_clock_of(folder / "first"), **self._linked(0)}
        self.processes = [self.new_process(folder / "first", *self._first_arguments(), environment=own)]
        self.faults |= {
            "worker": (4, self._kill_worker),
            "machine": (1, self._lose_machine),
            "dispatcher": (2, self._lose_dispatcher),
            "paused dispatcher": (1, lambda: self.paused(self.processes[1])),
            "database": (2, self._kill_database),
            "database link": (2, self._cut_database_link),
            "paused database": (1, self._pause_database),
            "store": (2, self._kill_store),
            "paused store": (1, self._pause_store),
        }

    def _linked(self, number: int) -> dict[str, str]:
        address = urlsplit(self._url)
        port = urlsplit(self._links[number].url).port
        through = address._replace(netloc=f"{address.username}@127.0.0.1:{port}").geturl()
        return {"VOXEL51_SERVER_DATABASE_URL": through}

    def _first_arguments(self) -> tuple[str, ...]:
        return ("--workers", "2")

    def new_process(self, folder: Path, *arguments: str, environment: dict[str, str]) -> PlatformProcess:
        """Return a process of the platform, not yet started."""
        return new_platform(folder, *arguments, environment=environment)

    def _start_others(self) -> None:
        self.processes.append(self._new_dispatcher())
        self.processes[1].start()

    def _new_dispatcher(self) -> PlatformProcess:
        # A new one for each start: what it announces is the address of the other one, whose port it must not take.
        arguments = ("--role", "dispatcher", "--job-url", self.first.url)
        own = {**self._settings, **_clock_of(self._folder / "second"), **self._linked(1)}
        return self.new_process(self._folder / "second", *arguments, environment=own)

    def _kill_worker(self) -> bool:
        children = psutil.Process(self.first.pid).children()
        workers = sorted(
            (each for each in children if "voxel51.server.supervised" in _command(each)), key=lambda each: each.pid
        )
        with suppress(psutil.NoSuchProcess):
            if workers:
                self.chance.choice(workers).kill()
                return True
        return False

    def _lose_machine(self) -> None:
        kill_with_children(self.first)
        self.first.start()

    def _lose_dispatcher(self) -> None:
        kill_with_children(self.processes[1])
        self.processes[1] = self._new_dispatcher()
        self.processes[1].start()

    def _kill_database(self) -> None:
        self._database.kill()
        self.outage()
        self._database.start()

    def _pause_database(self) -> None:
        processes = [psutil.Process(pid) for pid in self._database.process_ids()]
        for process in processes:
            process.suspend()
        self.outage()
        for process in processes:
            process.resume()

    def _cut_database_link(self) -> None:
        """Let nothing pass between one process and the database. Then let what was held arrive, or lose it."""
        link = self.chance.choice(self._links)
        link.stall_bytes = 0
        self.outage()
        if self.chance.random() < 0.5:
            link.stall_bytes = None
        else:
            link.end_stall()

    def _kill_store(self) -> None:
        self._store.stop()
        self.outage()
        self._store.start()

    def _pause_store(self) -> None:
        self._store.pause()
        self.outage()
        self._store.resume()

    def checker(self) -> Checker:
        """Implement `Target.checker`."""
        return Checker(self._url, BucketStore(self._store.bucket(self._location)))


class RayTarget(SharedTarget):
    """A platform of two processes, on PostgreSQL and S3, whose jobs run on two nodes of a Ray cluster.

    Each node is a machine in a network namespace of its own.
    """

    def __init__(
        self,
        seed: int,
        longest_seconds: float,
        folder: Path,
        database: PostgreSQL,
        store: S3Server,
        cluster: RayTestCluster,
        nodes: Sequence[Worker],
    ) -> None:
        self._cluster, self._nodes = cluster, nodes
        super().__init__(seed, longest_seconds, folder, database, store)
        for name in ("worker", "paused store", "paused database"):  # they have nothing to do with nodes
            del self.faults[name]
        self.faults |= {
            "node": (3, self._unplug_node),
            "link": (3, self._cut_link),
            "head": (1, self._restart_head),
        }

    def _first_arguments(self) -> tuple[str, ...]:
        return ()

    def new_process(self, folder: Path, *arguments: str, environment: dict[str, str]) -> PlatformProcess:
        """Return a process of the platform, not yet started."""
        return self._cluster.platform(folder, *arguments, environment=environment)

    def kill_job(self) -> bool:
        """Kill one process of a job, or of what starts jobs, on a node."""
        pids = (pid for node in self._nodes if node.machine for pid in node.machine.pids())
        with suppress(psutil.NoSuchProcess):
            victims = sorted({each.pid: each for each in map(psutil.Process, pids) for each in _of_jobs(each)}.items())
            if victims:
                self.chance.choice(victims)[1].kill()
                return True
        return False

    def _unplug_node(self) -> None:
        node = self.chance.choice(self._nodes)
        node.kill()
        self.outage()
        node.start()

    def _restart_head(self) -> None:
        self._cluster.head.kill()
        self.outage()
        self._cluster.head.start()

    def _cut_link(self) -> None:
        """Cut the link of a node, for a time about that of a lease: shorter, or longer."""
        machine = self.chance.choice(self._nodes).machine
        assert machine is not None
        machine.cut()
        time.sleep(self.chance.uniform(0.2, 1.5) * max(LEASE_SECONDS, self._longest_seconds))
        machine.heal()


def _of_jobs(process: psutil.Process) -> list[psutil.Process]:
    """Return a process of a node and its descendants if it starts jobs: not one of Ray's own, or the node's command.

    All are forked from a zygote. Those of jobs are in network namespaces of their own, so a node does not list them.
    """
    if "voxel51.platform.zygote" not in _command(process):
        return []
    return [process, *process.children(recursive=True)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@contextmanager
def local_target(seed: int, longest_seconds: float, folder: Path, size_mib: int) -> Iterator[Target]:
    """Run a platform on SQLite and a disk of ``size_mib`` inside the block."""
    with mounted_small_disk(folder / "disk", size_mib) as disk:
        target = LocalTarget(seed, longest_seconds, disk)
        with target.running():
            yield target


@contextmanager
def shared_target(
    seed: int, longest_seconds: float, folder: Path, environment: Callable[[str, str], object]
) -> Iterator[Target]:
    """Run a platform on PostgreSQL and S3 inside the block. ``environment`` sets variables of this process."""
    with ExitStack() as stack:
        database, store = stack.enter_context(running_postgresql()), stack.enter_context(running_s3())
        for name, value in store.environment.items():
            environment(name, value)  # this process creates accounts
        target = SharedTarget(seed, longest_seconds, folder, database, store)
        stack.enter_context(target.running())
        yield target


@contextmanager
def ray_target(
    seed: int, longest_seconds: float, folder: Path, environment: Callable[[str, str], object]
) -> Iterator[Target]:
    """Run a platform on PostgreSQL, S3 and a Ray cluster inside the block; see `shared_target`."""
    with ExitStack() as stack:
        database, store = stack.enter_context(running_postgresql()), stack.enter_context(running_s3())
        for name, value in store.environment.items():
            environment(name, value)
        cluster = stack.enter_context(new_ray_cluster())
        nodes = [stack.enter_context(cluster.worker()) for _ in range(2)]
        target = RayTarget(seed, longest_seconds, folder, database, store, cluster, nodes)
        stack.enter_context(target.running())
        yield target
