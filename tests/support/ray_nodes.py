"""Ray clusters for tests: a head on this machine, and workers on machines in network namespaces."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import pytest

from demo.platform_process import COMMAND, PlatformProcess
from support.cluster_platforms import ClusterPlatform
from support.machines import Machine, Switch, new_switch
from support.platforms import INSTALLED, new_platform
from support.waiting import LIMIT_SECONDS

PORT = 6379
LEASE_SECONDS = 8.0


class Worker:
    """``voxel51 worker start`` on a machine; a context manager that runs it."""

    def __init__(
        self, cluster: "RayTestCluster", machine: Machine | None, *arguments: str, module_folder: Path | None = None
    ) -> None:
        self.machine = machine
        self.folder = Path(tempfile.mkdtemp(prefix="w", dir=cluster.folder))
        self.log = self.folder.with_suffix(".log")
        own = [] if machine is None else ["--own-address", machine.address]
        command = [COMMAND, "worker", "start", "--address", f"{cluster.address}:{PORT}", "--dir", self.folder, *own]
        # Ray gives its sockets the same names on every machine, and these machines share a disk.
        command += ["--token-file", cluster.token_file, f"--ray-option=--temp-dir={self.folder}", *arguments]
        self._command = [*map(str, command)] if machine is None else machine.command(*command)
        paths = os.pathsep.join(filter(None, [str(module_folder or ""), cluster.environment["PYTHONPATH"]]))
        self._environment = {**cluster.environment, "PYTHONPATH": paths}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it joins soon."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment,
                start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        """Let it leave at once."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(LIMIT_SECONDS)

    def kill(self) -> None:
        """Kill it and all processes that it started, at once, as a power cut would."""
        assert self._process is not None
        if self.machine is not None:
            self.machine.unplug()
        else:
            own = psutil.Process(self._process.pid)
            for process in (*own.children(recursive=True), own):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.wait(LIMIT_SECONDS)

    def drain(self) -> None:
        """Let it finish its jobs, and return when it has left."""
        subprocess.run([COMMAND, "worker", "drain", "--dir", self.folder], check=True, env=self._environment)

    def attempts(self) -> list[Path]:
        """Return the folders of the attempts that run there: all machines share the disk of this one."""
        return list(self.folder.glob("agents/*/processes/*/work"))

    def wait(self) -> int:
        """Return its exit code, once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(LIMIT_SECONDS)

    def is_running(self) -> bool:
        """Return whether it runs."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running():
            self.stop()


class RayTestCluster:
    """A cluster whose head, and whose platform, are on this machine.

    Attributes:
        address: address of this machine for the others.
        token_file: file with the token.
        folder: folder with a short path: Ray makes sockets below it.
        environment: variables of the members.
    """

    def __init__(self, switch: Switch, folder: Path, variables: Mapping[str, str]) -> None:
        self.address = switch.address
        self.folder = folder
        self.token_file = folder / "token"
        self.token_file.write_text(secrets.token_hex(32))
        paths = os.pathsep.join(filter(None, [str(INSTALLED), os.environ.get("PYTHONPATH", "")]))
        self.environment = {**os.environ, "PYTHONPATH": paths, **variables}
        self._switch = switch
        self.head = Worker(self, None, "--head")

    def worker(self, *arguments: str, module_folder: Path | None = None) -> Worker:
        """Return a worker with two slots on a machine of its own, not yet started."""
        return Worker(self, self._switch.machine(), "--cpus", "2", *arguments, module_folder=module_folder)

    def platform(self, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> PlatformProcess:
        """Return a platform that runs its jobs on the cluster, not yet started."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.token_file, folder / "worker-token")
        own = {"VOXEL51_SERVER_NODE_LEASE_SECONDS": str(LEASE_SECONDS), **(environment or {})}
        options = ["--host", self.address, "--engine", "ray", "--ray-address", f"{self.address}:{PORT}"]
        return new_platform(folder, *options, *arguments, environment=own)


@contextmanager
def new_ray_cluster(variables: Mapping[str, str] | None = None) -> Iterator[RayTestCluster]:
    """Run the head of a cluster. Skips the test where Ray or network namespaces are missing, and in CI fails it."""
    pytest.importorskip("ray")
    folder = Path(tempfile.mkdtemp(prefix="v51", dir="/tmp"))
    try:
        with new_switch() as switch:
            cluster = RayTestCluster(switch, folder, variables or {})
            with cluster.head:
                yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class RayPlatform(ClusterPlatform):
    """A platform that runs its jobs on a Ray cluster."""

    def __init__(self, cluster: RayTestCluster, folder: Path) -> None:
        super().__init__(cluster.platform(folder / "data"), "ray")
