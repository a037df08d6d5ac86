"""Node keeper: one node as the platform sees it: what it was given, what it reports, and whether it is still there.

Two threads call the node: one observes it without a break, the other starts, and stops, what the runner asks for. So a
start that hangs never delays the news of the other attempts. An attempt is lost when

- the node says that it neither runs it nor has its outcome, in an observation that began after its start was over;
- the lease of the node has ended for sure: the node has killed its attempts by then, if it still exists.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voxel51.runners.interface import AttemptOutcome
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes.interface import Node, NodeAway, Observation, ObserveCall, Offer, Refusal
from voxel51.runners.resources import NO_RESOURCES, Resources
from voxel51.wire.backoff import Backoff

logger = logging.getLogger(__name__)

WAIT_SECONDS = 1.0
"""Longest time that an observation waits for an attempt to end; about the interval of heartbeats."""

MARGIN_SECONDS = 1.0
"""Time between the end of a lease and the moment at which its attempts are given up: a node needs some to kill them."""

_RETRY_SECONDS = 0.5
_AFTER_FAULT = Backoff(first_seconds=2.0, longest_seconds=60.0)
"""Pauses of a node that failed to start an attempt."""


@dataclass(frozen=True, slots=True)
class KeeperEvents:
    """Events that a keeper reports, from its threads.

    Attributes:
        ended: an attempt has ended on the node.
        lost: an attempt was lost, with the reason as a sentence.
        refused: the node refused a launch, which may start elsewhere.
        changed: the node has more or fewer resources, or another state.
    """

    ended: Callable[[AttemptOutcome], None]
    lost: Callable[[str, str], None]
    refused: Callable[[LaunchSpec, str], None]
    changed: Callable[[], None]


@dataclass(slots=True)
class _Placed:
    launch: LaunchSpec
    answered_at: float | None = None  # when the call that starts it returned, or failed


class NodeKeeper:
    """A node, and the attempts that were placed on it. Safe from any thread.

    Args:
        node_id: id of the node.
        node: its verbs.
        controller: id of this controller.
        lease_seconds: duration of a lease.
        refuses: returns why a node with this offer must not be used, as a phrase; None: it may.
        events: told what happens.
    """

    def __init__(
        self,
        node_id: str,
        node: Node,
        controller: str,
        lease_seconds: float,
        refuses: Callable[[Offer], str | None],
        events: KeeperEvents,
    ) -> None:
        self.node_id = node_id
        self._node = node
        self._controller = controller
        self._lease_seconds = lease_seconds
        self._refuses = refuses
        self._events = events
        self._changed = threading.Condition(threading.RLock())  # guards everything below
        self._offer: Offer | None = None
        self._refusal: str | None = None
        self._seen: Observation | None = None  # None: its lease has ended, or it was never observed
        self._seen_at = time.monotonic()
        self._away: str | None = "it has not answered yet"
        self._placed: dict[str, _Placed] = {}
        self._to_start: list[LaunchSpec] = []
        self._to_stop: set[str] = set()
        self._received: tuple[str, ...] = ()
        self._faults = 0
        self._rests_until = 0.0
        self._numbers = itertools.count(1)
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._observe_all, name=f"node-observe-{node_id[:8]}", daemon=True),
            threading.Thread(target=self._command_all, name=f"node-command-{node_id[:8]}", daemon=True),
        ]

    def open(self) -> None:
        """Begin to observe the node."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Leave the node alone. Its attempts are the caller's to report."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()

    @property
    def offer(self) -> Offer | None:
        """Offer of the node; None before it has answered."""
        return self._offer

    @property
    def observation(self) -> Observation | None:
        """The last observation; None after the end of its lease."""
        return self._seen

    @property
    def obstacle(self) -> str | None:
        """Reason why nothing is started on the node at present, as a phrase; None: it takes attempts."""
        with self._changed:
            if self._refusal is not None:
                return self._refusal
            if self._seen is None or self._offer is None:
                return self._away or "it does not answer"
            if self._seen.is_draining:
                return "it finishes its attempts and leaves"
            if self._seen.obstacle is not None:
                return self._seen.obstacle
            if time.monotonic() < self._rests_until:
                return "it failed to start an attempt, and rests"
            return None

    @property
    def launches(self) -> list[LaunchSpec]:
        """The launches that were placed here and have not ended."""
        with self._changed:
            return [placed.launch for placed in self._placed.values()]

    def free(self) -> Resources:
        """Return the resources that are free as far as is known: what was placed since the last observation is not."""
        with self._changed:
            if self._seen is None:
                return NO_RESOURCES
            news = (each.launch for key, each in self._placed.items() if key not in self._seen.running)
            return self._seen.free - sum((launch.resources for launch in news), NO_RESOURCES)

    def place(self, launch: LaunchSpec) -> None:
        """Start an attempt soon."""
        with self._changed:
            self._placed[launch.attempt_id] = _Placed(launch)
            self._to_start.append(launch)
            self._changed.notify_all()

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt soon; unknown ids are ignored."""
        with self._changed:
            if attempt_id in self._placed:
                self._to_stop.add(attempt_id)
                self._changed.notify_all()

    def check_lease(self) -> None:
        """Give up the attempts of the node if its lease has ended. Called often, since calls to the node may hang."""
        with self._changed:
            if self._seen is None or time.monotonic() - self._seen_at < self._lease_seconds + MARGIN_SECONDS:
                return
            self._seen, self._to_start, self._received = None, [], ()
            lost = list(self._placed)
        logger.warning("node %s (%s) is lost, with %d attempts", self.node_id[:8], self._host, len(lost))
        for attempt_id in lost:
            self._lose(attempt_id, f"the node {self._host} lost contact with the platform.")
        self._events.changed()

    # The thread that observes.

    def _observe_all(self) -> None:
        while not self._closing.is_set():
            try:
                if self._offer is None:
                    self._accept(self._node.offer())
                self._observe()
            except NodeAway as error:
                self._note_away(str(error))
                self._closing.wait(_RETRY_SECONDS)
            except Exception:
                logger.exception("node %s could not be observed", self.node_id)
                self._note_away("an error, which the platform's log has")
                self._closing.wait(_RETRY_SECONDS)

    def _accept(self, offer: Offer) -> None:
        with self._changed:
            self._refusal = offer.refusal or self._refuses(offer)
            self._offer = offer
        logger.info("node %s (%s) offers %s%s", self.node_id[:8], offer.host, offer.total, _but(self._refusal))

    def _observe(self) -> None:
        begun_at = time.monotonic()
        confirmed = 0 if self._seen is None else self._seen.number
        call = ObserveCall(self._controller, next(self._numbers), confirmed, self._received, WAIT_SECONDS)
        seen = self._node.observe(call)
        with self._changed:
            self._seen, self._seen_at, self._away = seen, time.monotonic(), None
            known = set(self._placed)
            self._to_stop |= seen.running - known  # what was given up: its lease ended, or its start was late
            self._changed.notify_all()
        outcomes = self._node.collect(self._controller, seen.ended) if seen.ended else []
        self._received = tuple(outcome.attempt_id for outcome in outcomes)
        for outcome in outcomes:
            if self._forget(outcome.attempt_id):
                self._events.ended(outcome)
        present = seen.running | set(seen.ended)
        for attempt_id in self._missing(present, begun_at):
            self._lose(attempt_id, f"the node {self._host} no longer runs the attempt.")
        self._events.changed()

    def _missing(self, present: set[str] | frozenset[str], begun_at: float) -> list[str]:
        with self._changed:
            return [
                attempt_id
                for attempt_id, placed in self._placed.items()
                if attempt_id not in present and placed.answered_at is not None and placed.answered_at < begun_at
            ]

    def _note_away(self, reason: str) -> None:
        with self._changed:
            if self._away is None:
                logger.warning("node %s (%s) does not answer: %s", self.node_id[:8], self._host, reason)
            self._away = reason

    @property
    def _host(self) -> str:
        return self._offer.host if self._offer else self.node_id[:8]

    def _forget(self, attempt_id: str) -> bool:
        with self._changed:
            self._to_stop.discard(attempt_id)
            return self._placed.pop(attempt_id, None) is not None

    def _lose(self, attempt_id: str, reason: str) -> None:
        if self._forget(attempt_id):
            self._events.lost(attempt_id, reason)

    # The thread that starts and stops.

    def _command_all(self) -> None:
        while not self._closing.is_set():
            with self._changed:
                self._changed.wait_for(self._has_commands, WAIT_SECONDS)
                epoch = self._seen.epoch if self._seen else None
                launches, self._to_start = (self._to_start, []) if epoch else ([], self._to_start)
                starting = {launch.attempt_id for launch in self._to_start} | {each.attempt_id for each in launches}
                stops = [each for each in self._to_stop if each not in starting]
                self._to_stop -= set(stops)
            try:
                if launches and epoch is not None:
                    self._start(epoch, launches)
                if stops:
                    self._node.stop(self._controller, stops)
            except NodeAway as error:
                logger.warning("node %s (%s) did not answer: %s", self.node_id[:8], self._host, error)
                with self._changed:
                    self._to_stop |= set(stops) & set(self._placed)
                self._closing.wait(_RETRY_SECONDS)

    def _has_commands(self) -> bool:
        return self._closing.is_set() or bool(self._to_start or self._to_stop)

    def _start(self, epoch: str, launches: Sequence[LaunchSpec]) -> None:
        refusals: dict[str, Refusal] = {}
        try:
            refusals.update(self._node.start(self._controller, epoch, launches))
        finally:
            # After a failure, it is unknown what was started: the next observation tells.
            now = time.monotonic()
            with self._changed:
                for launch in launches:
                    if (placed := self._placed.get(launch.attempt_id)) is not None:
                        placed.answered_at = now
        self._note_faults(refusals)
        for launch in launches:
            refusal = refusals.get(launch.attempt_id)
            if refusal is not None and self._forget(launch.attempt_id):
                self._events.refused(launch, refusal.reason)

    def _note_faults(self, refusals: dict[str, Refusal]) -> None:
        faults = [refusal.reason for refusal in refusals.values() if refusal.is_fault]
        with self._changed:
            if not faults:
                self._faults = 0
                return
            self._rests_until = time.monotonic() + _AFTER_FAULT.seconds(self._faults)
            self._faults += 1
        logger.warning("node %s (%s) rests: %s", self.node_id[:8], self._host, faults[0])


def _but(refusal: str | None) -> str:
    return f", but is not used: {refusal}" if refusal else ""
