"""Slurm node: a Slurm cluster as one large node. Each attempt is a Slurm job, with an agent for this attempt alone.

The agent connects to the platform and is a node itself, which `voxel51.runners.nodes.keeper` observes: its lease ends
the attempt where contact is lost, and its outcome is the attempt's. Slurm's own word counts only where there is no
contact: for Slurm jobs that wait, and for those that Slurm has ended.
"""

import logging
import math
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from voxel51.runners.interface import AttemptOutcome, ExitReason
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes.interface import NodeAway, Observation, ObserveCall, Offer, Refusal, Versions
from voxel51.runners.nodes.keeper import KeeperEvents, NodeKeeper
from voxel51.runners.nodes.machine import NodeSettings
from voxel51.runners.nodes.refusals import refusal_of
from voxel51.runners.resources import NO_RESOURCES, Resources
from voxel51.runners.slurm.channel import Channel
from voxel51.runners.slurm.commands import SlurmJob, Submission
from voxel51.runners.slurm.contact import AgentConnection
from voxel51.runners.slurm.messages import Farewell, Hello, Welcome
from voxel51.runners.slurm.queue import Slurm, SlurmQueue

logger = logging.getLogger(__name__)

_MOST_FAULTS = 5
"""Slurm jobs of one attempt that may fail before the attempt starts; then the attempt is lost, with the reason."""

_AGENT_BYTES = 512 * 2**20
"""Memory of a Slurm job beyond that of its attempt: for the agent, and what starts the attempt."""

_AGENT_SECONDS = 600.0
"""Time limit of a Slurm job beyond that of its attempt, which ends first: building an environment is not counted."""

_REASONS = {"TIMEOUT": ExitReason.OVER_TIME, "OUT_OF_MEMORY": ExitReason.OVER_MEMORY}


@dataclass(frozen=True, slots=True)
class SlurmNodeSettings:
    """Settings of the node.

    Attributes:
        name: its name for operators.
        prefix: beginning of the names of its Slurm jobs.
        slots: attempts that may be in Slurm's queue at the same time; 0: as many as the partition has processors.
        versions: versions that its machines must have.
        agents: settings of the agents.
        command: returns the command of the Slurm job of an attempt.
    """

    name: str
    prefix: str
    slots: int
    versions: Versions
    agents: NodeSettings
    command: Callable[[str], Sequence[str]]


@dataclass(slots=True)
class _Attempt:
    launch: LaunchSpec
    agent: AgentConnection = field(default_factory=AgentConnection)
    keeper: NodeKeeper | None = None  # from the first contact on
    host: str = ""
    faults: int = 0


class SlurmNode:
    """A `voxel51.runners.nodes.interface.Node` over Slurm, for the controller of this process."""

    def __init__(self, slurm: Slurm, settings: SlurmNodeSettings) -> None:
        self._settings = settings
        self._epoch = str(uuid.uuid4())
        self._changed = threading.Condition()  # guards the tables below
        self._attempts: dict[str, _Attempt] = {}
        self._outcomes: dict[str, AttemptOutcome] = {}
        self.queue = SlurmQueue(slurm, settings.prefix, self._on_ended, self._on_refused)

    # The verbs.

    def offer(self) -> Offer:
        """Return what the partition has."""
        machines = self.queue.machines
        if machines is None:
            raise NodeAway(self.queue.problem or "Slurm has not answered yet")
        total = sum((machine.total for machine in machines), NO_RESOURCES)
        settings = self._settings
        has_engine = settings.agents.container_engine != "off"
        return Offer(
            host=settings.name,
            versions=settings.versions,
            total=self._capped(total),
            sandbox="each machine judges its own",
            containers=None if has_engine else "the setting container_engine is off",
            refusal=None,
        )

    def start(self, controller: str, epoch: str, launches: Sequence[LaunchSpec]) -> Mapping[str, Refusal]:  # noqa: ARG002
        """Submit a Slurm job for each attempt."""
        if epoch != self._epoch:
            return {launch.attempt_id: Refusal("it was opened again", is_fault=False) for launch in launches}
        for launch in launches:
            with self._changed:
                if launch.attempt_id in self._attempts or launch.attempt_id in self._outcomes:
                    continue
                self._attempts[launch.attempt_id] = _Attempt(launch)
            self.queue.submit(launch.attempt_id, self._submission(launch))
        return {}

    def observe(self, call: ObserveCall) -> Observation:
        """Return which attempts wait or run in Slurm, and which have ended."""
        with self._changed:
            for attempt_id in call.received:
                self._outcomes.pop(attempt_id, None)
            self._changed.wait_for(lambda: bool(self._outcomes), call.wait_seconds)
            attempts = dict(self._attempts)
        for attempt_id, attempt in attempts.items():
            if attempt.keeper is not None:
                attempt.keeper.check_lease()
                if not attempt.agent.is_connected:
                    self.queue.lost_contact(attempt_id)
        with self._changed:
            return Observation(
                epoch=self._epoch,
                number=call.number,
                running=frozenset(self._attempts),
                ended=tuple(self._outcomes),
                free=self._free(),
                load=None,
                is_draining=False,
                obstacle=self.queue.problem,
            )

    def stop(self, controller: str, attempt_ids: Sequence[str]) -> None:  # noqa: ARG002
        """Cancel attempts, whether they wait or run."""
        for attempt_id in attempt_ids:
            with self._changed:
                attempt = self._attempts.get(attempt_id)
                keeper = attempt.keeper if attempt else None
            if keeper is not None:
                keeper.stop(attempt_id)  # its outcome follows
            else:
                self._settle(_outcome(attempt_id, ExitReason.STOPPED, "The job was stopped."))

    def collect(self, controller: str, attempt_ids: Sequence[str]) -> Sequence[AttemptOutcome]:  # noqa: ARG002
        """Return outcomes. They are kept until an observation says that they were received."""
        with self._changed:
            return [self._outcomes[each] for each in attempt_ids if each in self._outcomes]

    # Contact with agents; see `voxel51.runners.slurm.contact.Host`.

    def greet(self, hello: Hello) -> Welcome | Farewell:
        """Return the reply to the agent in a Slurm job."""
        refusal = refusal_of(self._settings.versions, hello.versions)
        with self._changed:
            attempt = self._attempts.get(hello.attempt_id)
        if attempt is None or not self.queue.admit(hello.attempt_id, hello.slurm_id):
            return Farewell("the platform does not expect this Slurm job")
        if refusal is not None:
            self._try_again(hello.attempt_id, f"the machine {hello.node} is refused: {refusal}")
            return Farewell(refusal)
        needed = attempt.launch.resources
        return Welcome(self._settings.agents, Resources(max(1.0, needed.cpus), needed.gpus, needed.memory_bytes))

    def connected(self, hello: Hello, channel: Channel) -> None:
        """Take the connection of an agent; the first one starts the attempt."""
        with self._changed:
            attempt = self._attempts.get(hello.attempt_id)
            if attempt is None:  # it was stopped meanwhile
                channel.close()
                return
            attempt.agent.connect(channel)
            attempt.host = hello.node
            if attempt.keeper is not None:
                return
            keeper = attempt.keeper = self._keeper(hello, attempt.agent)
        keeper.open()
        keeper.place(attempt.launch)

    def close(self) -> None:
        """Leave all agents. They kill what they run."""
        with self._changed:
            attempts = list(self._attempts.values())
        for attempt in attempts:
            _part(attempt, "the platform stops")

    def _keeper(self, hello: Hello, agent: AgentConnection) -> NodeKeeper:
        events = KeeperEvents(
            ended=self._settle,
            lost=lambda attempt_id, reason: self._settle(_outcome(attempt_id, ExitReason.LOST, _sentence(reason))),
            refused=lambda launch, reason: self._try_again(launch.attempt_id, f"{hello.node}: {reason}"),
            changed=lambda: None,
        )
        settings = self._settings.agents
        return NodeKeeper(hello.attempt_id, agent, self._epoch, settings.lease_seconds, lambda _: None, events)

    # What Slurm reports, in the thread of the queue.

    def _on_ended(self, attempt_id: str, job: SlurmJob | None) -> None:
        with self._changed:
            attempt = self._attempts.get(attempt_id)
        if attempt is None:
            self.queue.forget(attempt_id, is_leaving=False)
            return
        text = "is no longer known to Slurm" if job is None else f"ended in state {job.state}{_at(job.node)}"
        reason = f"the Slurm job {text}"
        state = job.state if job else ""
        # Nothing is started before the agent has made its offer.
        if (attempt.keeper is None or attempt.keeper.offer is None) and state != "CANCELLED":
            self._try_again(attempt_id, f"{reason} before its agent was ready")
            return
        self._settle(_outcome(attempt_id, _REASONS.get(state, ExitReason.LOST), f"{_sentence(reason)}."))

    def _on_refused(self, attempt_id: str, reason: str) -> None:
        self._try_again(attempt_id, f"Slurm refuses the job: {reason}")

    def _try_again(self, attempt_id: str, reason: str) -> None:
        """Submit another Slurm job for an attempt that has not started; after several, the attempt is lost."""
        with self._changed:
            attempt = self._attempts.get(attempt_id)
            if attempt is None:
                return
            attempt.faults += 1
            agent, keeper = attempt.agent, attempt.keeper
            attempt.agent, attempt.keeper = AgentConnection(), None
        logger.warning("attempt %s did not start: %s", attempt_id, reason)
        if keeper is not None:
            keeper.close()
            agent.leave(reason)
        if attempt.faults >= _MOST_FAULTS:
            self._settle(_outcome(attempt_id, ExitReason.LOST, f"{_sentence(reason)}."))
        else:
            self.queue.submit_again(attempt_id)

    def _settle(self, outcome: AttemptOutcome) -> None:
        with self._changed:
            attempt = self._attempts.pop(outcome.attempt_id, None)
            if attempt is None:
                return
            self._outcomes[outcome.attempt_id] = outcome
            self._changed.notify_all()
        was_told = _part(attempt, "the attempt has ended")
        self.queue.forget(outcome.attempt_id, is_leaving=was_told)

    def _submission(self, launch: LaunchSpec) -> Submission:
        settings, needed = self._settings, launch.resources
        return Submission(
            name=f"{settings.prefix}{launch.attempt_id}",
            cpus=max(1, math.ceil(needed.cpus)),
            gpus=math.ceil(needed.gpus),
            memory_bytes=(needed.memory_bytes or launch.limits["memory_bytes"]) + _AGENT_BYTES,
            wall_seconds=launch.limits["wall_seconds"] + _AGENT_SECONDS,
            arguments=settings.command(launch.attempt_id),
        )

    def _capped(self, total: Resources) -> Resources:
        slots = self._settings.slots
        return Resources(min(total.cpus, slots), total.gpus, total.memory_bytes) if slots else total

    def _free(self) -> Resources:
        """Return what the usable machines have, less what the attempts need, whether they wait or run."""
        usable = [machine.total for machine in self.queue.machines or () if machine.is_usable]
        taken = sum((attempt.launch.resources for attempt in self._attempts.values()), NO_RESOURCES)
        return self._capped(sum(usable, NO_RESOURCES)) - taken


def _part(attempt: _Attempt, reason: str) -> bool:
    """Leave the agent of an attempt; return whether it was connected, so that it ends by itself."""
    was_connected = attempt.agent.is_connected
    if attempt.keeper is not None:
        attempt.keeper.close()
    attempt.agent.leave(reason)
    return was_connected


def _outcome(attempt_id: str, reason: ExitReason, detail: str) -> AttemptOutcome:
    return AttemptOutcome(attempt_id, reason, None, detail, b"")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _at(node: str) -> str:
    return f" on {node}" if node else ""
