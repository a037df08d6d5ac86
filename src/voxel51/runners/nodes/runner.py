"""Node runner: a runner whose attempts run on the nodes of a cluster.

Each attempt is placed on a usable node with enough free resources: the one with the most free processors. If none has
any, it waits here. An attempt that no usable node could run, even an idle one, ends as UNPLACED after a moment: its job
waits in the queue, where it says why, and keeps no slot from others.
"""

import logging
import math
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

from voxel51.runners.interface import AttemptOutcome, ExitReason, ProcessIdentity
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes.interface import Cluster, Offer, Versions
from voxel51.runners.nodes.keeper import KeeperEvents, NodeKeeper
from voxel51.runners.nodes.refusals import refusal_of
from voxel51.runners.programs import ImageProgram
from voxel51.runners.resources import Resources

logger = logging.getLogger(__name__)

NO_PROCESS = ProcessIdentity(0, 0.0)
"""Identity of an attempt on a node: a later server kills no process here; the node does when its lease ends."""

UNPLACEABLE_SECONDS = 10.0
"""Time that an attempt waits although no usable node has the resources for it, even when idle: nodes restart."""

_CHECK_SECONDS = 1.0
_CLOSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class NodeState:
    """State of a node, for operators.

    Attributes:
        node_id: id of the node.
        offer: what it has; None: it has not answered yet.
        obstacle: why nothing is started on it, as a phrase; None: it takes attempts.
        free: resources that no attempt uses.
        load: average number of runnable processes of the last minute.
        is_draining: whether it is about to leave.
        attempts: attempts of this platform process on it.
        resources: what each of these attempts needs.
    """

    node_id: str
    offer: Offer | None
    obstacle: str | None
    free: Resources
    load: float | None
    is_draining: bool
    attempts: Sequence[str]
    resources: Sequence[Resources]


@dataclass(slots=True)
class _Waiting:
    launch: LaunchSpec
    since: float = field(default_factory=time.monotonic)


class NodeRunner:
    """A `voxel51.runners.interface.Runner` over the nodes of a cluster.

    Args:
        cluster: the nodes.
        lease_seconds: duration of the nodes' leases: a node that does not answer for so long is lost.
        versions: versions that every node must have.
    """

    def __init__(self, cluster: Cluster, lease_seconds: float, versions: Versions) -> None:
        self._cluster = cluster
        self._lease_seconds = lease_seconds
        self._versions = versions
        self._controller = str(uuid.uuid4())
        self._lock = threading.RLock()  # guards the tables below
        self._keepers: dict[str, NodeKeeper] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._known: dict[str, LaunchSpec] = {}  # all attempts that were started and are not reported
        self._reported: set[str] = set()  # those of them whose outcome is on its way to the caller
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._outcomes: queue.SimpleQueue[AttemptOutcome | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Connect to the nodes; see `voxel51.runners.interface.Runner.open`. They may come later."""
        self._cluster.open(self._woken.set)
        self._threads = [
            threading.Thread(target=self._place_all, name="node-placement", daemon=True),
            threading.Thread(target=self._report_all, args=(ended,), name="node-report", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Place an attempt on a node soon; see `voxel51.runners.interface.Runner.start`."""
        if self._closing.is_set() or not self._threads:
            raise OSError("the runner is closed")
        with self._lock:
            self._known[launch.attempt_id] = launch
            self._waiting[launch.attempt_id] = _Waiting(launch)
        self._woken.set()
        return NO_PROCESS

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt; see `voxel51.runners.interface.Runner.stop`."""
        with self._lock:
            is_waiting = self._waiting.pop(attempt_id, None) is not None
            keepers = list(self._keepers.values())
        if is_waiting:
            self._finish(_outcome(attempt_id, ExitReason.STOPPED, "The job was stopped."))
        for keeper in keepers:
            keeper.stop(attempt_id)

    def attempts(self) -> Set[str]:
        """Return the attempts that have not ended; see `voxel51.runners.interface.Runner.attempts`."""
        with self._lock:
            return set(self._known)

    def close(self) -> None:
        """Kill every attempt; see `voxel51.runners.interface.Runner.close`."""
        self._closing.set()
        for attempt_id in self.attempts():
            self.stop(attempt_id)
        deadline = time.monotonic() + _CLOSE_SECONDS
        while self.attempts() and time.monotonic() < deadline:
            time.sleep(0.05)
        with self._lock:
            keepers = list(self._keepers.values())
        for keeper in keepers:
            keeper.close()
        for attempt_id in self.attempts():  # their nodes kill them when their leases end
            self._finish(_outcome(attempt_id, ExitReason.STOPPED, "The job was stopped."))
        self._woken.set()
        self._outcomes.put(None)
        for thread in self._threads:
            thread.join()
        self._cluster.close()

    def slots(self) -> int:
        """Return how many attempts that need one processor may run at once: those that run, and as many as fit."""
        with self._lock:
            own = sum(1 for launch in self._known.values() if launch.resources.cpus)
            waiting = sum(each.launch.resources.cpus for each in self._waiting.values())
            usable = [keeper for keeper in self._keepers.values() if keeper.obstacle is None]
        free = sum(max(0, math.floor(keeper.free().cpus)) for keeper in usable)
        return own + max(0, math.floor(free - waiting))

    def has_gpus(self) -> bool:
        """Return whether a usable node has a GPU."""
        with self._lock:
            return any(keeper.offer and keeper.offer.total.gpus for keeper in self._usable())

    def could_run(self, launch: LaunchSpec) -> bool:
        """Return whether a usable node has what an attempt needs, if nothing else runs there. Safe from any thread."""
        with self._lock:
            if any(keeper.observation and keeper.observation.obstacle for keeper in self._keepers.values()):
                return True  # a node that will take attempts again, and may have it
            usable = [keeper for keeper in self._usable() if _can_run(keeper, launch)]
            return any(keeper.offer and launch.resources.fits(keeper.offer.total) for keeper in usable)

    @property
    def problem(self) -> str | None:
        """Reason why no attempt can be started at present, as a phrase; None: a node takes attempts."""
        with self._lock:
            if self._usable():
                return None
            obstacles = [f"{_host(keeper)}: {keeper.obstacle}" for keeper in self._keepers.values()]
        return self._cluster.problem or "; ".join(obstacles) or "no node has joined"

    def nodes(self) -> Sequence[NodeState]:
        """Return the states of all nodes."""
        with self._lock:
            return [_state(keeper) for keeper in self._keepers.values()]

    def refused(self) -> Sequence[tuple[str, str]]:
        """Return the machines of the cluster that cannot be used, each with the reason."""
        return list(self._cluster.refused.items())

    def _usable(self) -> list[NodeKeeper]:
        return [keeper for keeper in self._keepers.values() if keeper.obstacle is None]

    # Placement, in a thread of its own.

    def _place_all(self) -> None:
        while not self._closing.is_set():
            self._woken.wait(_CHECK_SECONDS)
            self._woken.clear()
            try:
                self._follow_nodes()
                self._place_waiting()
            except Exception:
                logger.exception("attempts could not be placed on nodes; retrying")
                self._closing.wait(_CHECK_SECONDS)

    def _follow_nodes(self) -> None:
        """Keep every present node, and leave those that are gone and whose leases have ended."""
        present = self._cluster.nodes()
        with self._lock:
            new = {node_id: node for node_id, node in present.items() if node_id not in self._keepers}
            for node_id, node in new.items():
                keeper = NodeKeeper(
                    node_id, node, self._controller, self._lease_seconds, self._refusal_of, self._events()
                )
                self._keepers[node_id] = keeper
                keeper.open()
            keepers = list(self._keepers.values())
        for keeper in keepers:
            keeper.check_lease()
        with self._lock:
            gone = [
                node_id
                for node_id, keeper in self._keepers.items()
                if node_id not in present and keeper.observation is None and not keeper.launches
            ]
            for node_id in gone:
                self._keepers.pop(node_id).close()

    def _refusal_of(self, offer: Offer) -> str | None:
        return refusal_of(self._versions, offer.versions)

    def _events(self) -> KeeperEvents:
        return KeeperEvents(
            ended=self._finish,
            lost=lambda attempt_id, reason: self._finish(_outcome(attempt_id, ExitReason.LOST, _sentence(reason))),
            refused=self._wait_again,
            changed=self._woken.set,
        )

    def _wait_again(self, launch: LaunchSpec, reason: str) -> None:
        logger.info("attempt %s waits for another node: %s", launch.attempt_id, reason)
        with self._lock:
            if launch.attempt_id in self._known:
                self._waiting[launch.attempt_id] = _Waiting(launch)
        self._woken.set()

    def _place_waiting(self) -> None:
        with self._lock:
            waiting = list(self._waiting.values())
        for each in waiting:
            self._place(each)

    def _place(self, waiting: _Waiting) -> None:
        launch = waiting.launch
        with self._lock:
            usable = [keeper for keeper in self._usable() if _can_run(keeper, launch)]
            fitting = [keeper for keeper in usable if launch.resources.fits(keeper.free())]
            if fitting:
                if self._waiting.pop(launch.attempt_id, None) is not None:
                    max(fitting, key=lambda keeper: keeper.free().cpus).place(launch)
                return
        if not self.could_run(launch) and time.monotonic() - waiting.since > UNPLACEABLE_SECONDS:
            with self._lock:
                self._waiting.pop(launch.attempt_id, None)
            self._finish(_outcome(launch.attempt_id, ExitReason.UNPLACED, self._unplaced_reason(launch)))

    def _unplaced_reason(self, launch: LaunchSpec) -> str:
        with self._lock:
            usable = self._usable()
            lacks_images = usable and not any(_can_run(keeper, launch) for keeper in usable)
        why = "none runs container images" if lacks_images else self.problem or "all have less"
        return f"No node can run the job, which needs {launch.resources}: {why}."

    # Reports, in a thread of their own.

    def _finish(self, outcome: AttemptOutcome) -> None:
        """Report the outcome of an attempt; only the first one counts."""
        with self._lock:
            if outcome.attempt_id not in self._known or outcome.attempt_id in self._reported:
                return
            self._reported.add(outcome.attempt_id)
        self._outcomes.put(outcome)

    def _report_all(self, ended: Callable[[AttemptOutcome], None]) -> None:
        while (outcome := self._outcomes.get()) is not None:
            try:
                ended(outcome)
            except Exception:
                logger.exception("settling attempt %s (%s) failed", outcome.attempt_id, outcome.exit_reason)
            with self._lock:  # after the report: the dispatcher's watchdog relies on it
                self._known.pop(outcome.attempt_id, None)
                self._reported.discard(outcome.attempt_id)


def _can_run(keeper: NodeKeeper, launch: LaunchSpec) -> bool:
    offer = keeper.offer
    return offer is not None and (offer.containers is None or not isinstance(launch.program, ImageProgram))


def _outcome(attempt_id: str, reason: ExitReason, detail: str) -> AttemptOutcome:
    return AttemptOutcome(attempt_id, reason, None, detail, b"")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _host(keeper: NodeKeeper) -> str:
    return keeper.offer.host if keeper.offer else keeper.node_id[:8]


def _state(keeper: NodeKeeper) -> NodeState:
    seen, launches = keeper.observation, keeper.launches
    return NodeState(
        node_id=keeper.node_id,
        offer=keeper.offer,
        obstacle=keeper.obstacle,
        free=keeper.free(),
        load=seen.load if seen else None,
        is_draining=bool(seen and seen.is_draining),
        attempts=[launch.attempt_id for launch in launches],
        resources=[launch.resources for launch in launches],
    )
