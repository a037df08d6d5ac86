"""Slurm cluster: the one node that Slurm is, and the address at which its agents reach the platform."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxel51.runners.nodes.interface import Node, Versions
from voxel51.runners.nodes.machine import NodeSettings
from voxel51.runners.slurm.commands import Placement, SlurmCommands
from voxel51.runners.slurm.contact import ContactListener
from voxel51.runners.slurm.node import SlurmNode, SlurmNodeSettings

NODE_ID = "slurm"
_AGENT_MODULE = "voxel51.runners.slurm.agent_process"


@dataclass(frozen=True, slots=True)
class SlurmAccess:
    """Access to a Slurm cluster.

    Attributes:
        placement: where its jobs go.
        folder_id: letters and digits that name the data folder of this platform process, and no other.
        slots: attempts in Slurm's queue at the same time; 0: as many as the partition has processors.
        host: address on which the platform listens for its agents.
        port: port for them; 0: any free one.
        token: token of the agents.
        token_file: file with the token, at a path that the machines of the cluster know too.
        python: Python interpreter of the machines; empty: at the same path as the platform's.
        node_folder: folder of the machines for scratch files; empty: below their folder for temporary files.
    """

    placement: Placement
    folder_id: str
    slots: int
    host: str
    port: int
    token: str
    token_file: Path
    python: str
    node_folder: str


class SlurmCluster:
    """A `voxel51.runners.nodes.interface.Cluster` over Slurm."""

    def __init__(self, access: SlurmAccess, versions: Versions, agents: NodeSettings) -> None:
        self._access = access
        self._listener = ContactListener(access.host, access.port, access.token)
        settings = SlurmNodeSettings(
            name=f"slurm/{access.placement.partition or 'default'}",
            prefix=f"voxel51-{access.folder_id}-",
            slots=access.slots,
            versions=versions,
            agents=agents,
            command=self._command,
        )
        self._node = SlurmNode(SlurmCommands(access.placement), settings)

    def open(self, changed: Callable[[], object]) -> None:
        """Listen for agents, and begin to follow Slurm's queue."""
        self._listener.open(self._node)
        self._node.queue.open(changed)

    def nodes(self) -> Mapping[str, Node]:
        """Return the one node, once Slurm has answered."""
        return {} if self._node.queue.machines is None else {NODE_ID: self._node}

    @property
    def problem(self) -> str | None:
        """Reason why Slurm cannot be used at present, as a phrase."""
        return self._node.queue.problem

    @property
    def refused(self) -> Mapping[str, str]:
        """Machines that start no jobs at present -> the reason, as a phrase."""
        machines = self._node.queue.machines or ()
        return {each.name: f"Slurm reports it as {each.state}" for each in machines if not each.is_usable}

    def close(self) -> None:
        """Leave all agents and cancel their Slurm jobs."""
        self._node.close()
        self._node.queue.close()
        self._listener.close()

    def _command(self, attempt_id: str) -> Sequence[str]:
        access = self._access
        command = [access.python or sys.executable, "-P", "-m", _AGENT_MODULE]
        command += [f"--address={self._listener.address}", f"--fingerprint={self._listener.fingerprint}"]
        command += [f"--token-file={access.token_file}", f"--attempt={attempt_id}"]
        return [*command, f"--folder={access.node_folder}"] if access.node_folder else command
