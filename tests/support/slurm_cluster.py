"""Slurm clusters for tests: slurmctld and two slurmd on loopback, with a configuration of their own."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from demo.platform_process import PlatformProcess
from support.platforms import new_platform
from support.requirements import require_program
from support.waiting import wait_until

LEASE_SECONDS = 8.0
NODES = ("one", "two")
CPUS = 2
"""Processors of each node, as Slurm counts them."""

_CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
AuthType=auth/none
CredType=cred/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
KillWait=5
MinJobAge=30
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=night Nodes={nodes} MaxTime=60 State=UP
"""
_NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory=64000\n"


class Daemon:
    """A daemon of Slurm in the foreground."""

    def __init__(self, log: Path, *command: str) -> None:
        self._log = log
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """Kill it with SIGKILL, and wait for its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class SlurmTestCluster:
    """A cluster.

    Attributes:
        configuration: its ``slurm.conf``.
        controller: its slurmctld.
        nodes: its slurmd by the name of the node.
    """

    def __init__(self, folder: Path) -> None:
        self.configuration = folder / "slurm.conf"
        self._folder = folder
        (folder / "state").mkdir()
        host = socket.gethostname()
        ports = _free_ports(1 + len(NODES))
        text = _CONFIGURATION.format(host=host, controller_port=ports[0], folder=folder, nodes=",".join(NODES))
        for name, port in zip(NODES, ports[1:], strict=True):
            (folder / f"spool-{name}").mkdir()
            text += _NODE.format(name=name, host=host, port=port, cpus=CPUS)
        # Nodes are named before the partitions that have them.
        lines = sorted(text.splitlines(), key=lambda line: line.startswith("PartitionName"))
        self.configuration.write_text("\n".join([*lines, ""]))
        self.controller = Daemon(
            folder / "slurmctld.out", require_program("slurmctld", "slurm-wlm"), "-D", "-f", str(self.configuration)
        )
        slurmd = require_program("slurmd", "slurm-wlm")
        self.nodes = {
            name: Daemon(folder / f"{name}.out", slurmd, "-D", "-N", name, "-f", str(self.configuration))
            for name in NODES
        }

    def start(self) -> None:
        """Start all daemons, and wait until the nodes are idle."""
        self.controller.start()
        for node in self.nodes.values():
            node.start()
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait until all nodes respond, and run nothing."""
        wait_until(lambda: self._states() == ["idle"] * len(NODES), self.logs)

    def resume_nodes(self) -> None:
        """Put nodes to use again that Slurm has drained, as operators do.

        A slurmctld that is killed forgets what it has not written yet. It starts a job again that runs already, and
        drains the node that refuses.
        """
        for state, name in zip(self._states(), NODES, strict=True):
            if "drain" in state:
                self.run("scontrol", "update", f"nodename={name}", "state=resume")
        self.wait_until_idle()

    def stop(self) -> None:
        """Kill all daemons, and what they run."""
        for name in NODES:
            self.kill_node(name)
        self.controller.kill()

    def kill_node(self, name: str) -> None:
        """Kill the slurmd of a node and all that it runs."""
        self.nodes[name].kill()
        for agent in self.agents(name):
            with suppress(psutil.NoSuchProcess):
                supervisor = agent.parent()  # slurmstepd
                for process in (supervisor, *agent.children(recursive=True), agent):
                    if process is not None and process.pid > 1:
                        process.kill()

    def agents(self, name: str = "") -> list[psutil.Process]:
        """Return the processes that Slurm runs for the platform, on one node or on all."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if "voxel51.runners.slurm.agent_process" not in process.cmdline():
                    continue
                environment = process.environ()
                is_own = environment.get("SLURM_CONF") == str(self.configuration)
                if is_own and name in {"", environment.get("SLURMD_NODENAME")}:
                    found.append(process)
        return found

    def run(self, *command: str) -> str:
        """Run a program of Slurm, and return what it prints."""
        environment = {**os.environ, "SLURM_CONF": str(self.configuration)}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

    def jobs(self) -> dict[str, str]:
        """Return the states of the Slurm jobs that have not ended, by id."""
        lines = self.run("squeue", "--noheader", "--format=%i %T").splitlines()
        return dict(line.split() for line in lines)

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Occupy all nodes by the Slurm job of another user inside the block."""
        wait_until(lambda: not self.jobs(), lambda: f"{self.jobs()}")
        options = ("--parsable", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=sleep 600")
        other = self.run("sbatch", *options).strip()
        try:
            wait_until(lambda: self.jobs().get(other) == "RUNNING", self.logs)
            yield
        finally:
            self.run("scancel", other)

    def waiting(self) -> list[str]:
        """Return the Slurm jobs that wait."""
        return [slurm_id for slurm_id, state in self.jobs().items() if state == "PENDING"]

    def platform(self, folder: Path, *arguments: str) -> PlatformProcess:
        """Return a platform that runs its jobs on the cluster, not yet started."""
        environment = {
            "SLURM_CONF": str(self.configuration),
            "VOXEL51_SERVER_NODE_LEASE_SECONDS": str(LEASE_SECONDS),
            "VOXEL51_SERVER_SLURM_NODE_FOLDER": str(self._folder / "node"),
            "VOXEL51_SERVER_SLURM_OPTIONS": f"--output={self._folder}/job-%j.log",
        }
        return new_platform(folder, "--engine", "slurm", *arguments, environment=environment)

    def logs(self) -> str:
        """Return the ends of all logs."""
        files = sorted([*self._folder.glob("*.log"), *self._folder.glob("*.out")])
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-2000:]}" for file in files)

    def _states(self) -> list[str]:
        try:
            return self.run("sinfo", "--Node", "--noheader", "--partition=main", "--format=%T").split()
        except subprocess.CalledProcessError:
            return []


@contextmanager
def new_slurm_cluster() -> Iterator[SlurmTestCluster]:
    """Run a cluster. Skips the test where Slurm is missing, and in CI fails it."""
    folder = Path(tempfile.mkdtemp(prefix="v51", dir="/tmp"))  # a short path: sockets are made below it
    cluster = None
    try:
        cluster = SlurmTestCluster(folder)
        cluster.start()
        yield cluster
    finally:
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
