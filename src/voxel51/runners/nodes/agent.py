"""Node agent: runs attempts on its machine for controllers elsewhere, and ends them when it loses contact.

A controller renews its lease by observing. Each lease has an epoch. When a lease ends, the agent kills the attempts of
its controller, and refuses starts that name its epoch: they were delayed on the way, and the controller has given up.
"""

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from voxel51.runners.interface import AttemptOutcome, Runner
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.nodes.interface import Observation, ObserveCall, Offer, Refusal
from voxel51.runners.resources import NO_RESOURCES, Resources

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 0.25
"""Pause between two looks at the ends of leases."""


@dataclass(slots=True)
class _Lease:
    """Lease of one controller."""

    ends_at: float
    epoch: str = field(default_factory=lambda: str(uuid.uuid4()))
    last_number: int = 0
    answered_at: float = 0.0  # when the observation `last_number` was sent
    outcomes: dict[str, AttemptOutcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Running:
    controller: str
    epoch: str
    resources: Resources


class Presence(Protocol):
    """Presence of a machine in its cluster."""

    def is_draining(self) -> bool:
        """Return whether the machine is about to leave."""

    def note(self, attempts: int) -> None:
        """Note how many attempts run, or have outcomes that no controller has collected."""


class _Staying:
    """Presence of a machine that never leaves."""

    def is_draining(self) -> bool:
        return False

    def note(self, attempts: int) -> None:
        pass


class NodeAgent:
    """A `voxel51.runners.nodes.interface.Node` over a runner of this machine.

    Args:
        runner: runs the attempts.
        offer: what this machine has.
        lease_seconds: duration of a lease.
        presence: knows whether the machine is about to leave, and is told the number of attempts.
        clock: seconds on a monotonic clock.
    """

    def __init__(
        self,
        runner: Runner,
        offer: Offer,
        lease_seconds: float,
        presence: Presence | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runner = runner
        self._offer = offer
        self._lease_seconds = lease_seconds
        self._presence = presence or _Staying()
        self._clock = clock
        self._changed = threading.Condition()  # guards the tables below
        self._leases: dict[str, _Lease] = {}
        self._running: dict[str, _Running] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch_leases, name="node-leases", daemon=True)

    def open(self) -> None:
        """Prepare to start attempts, and remove what an earlier agent left."""
        self._runner.open(self._on_ended)
        self._thread.start()

    def close(self) -> None:
        """Kill all attempts."""
        self._closing.set()
        self._thread.join()
        self._runner.close()

    def offer(self) -> Offer:
        """Return what this machine has."""
        return self._offer

    def start(self, controller: str, epoch: str, launches: Sequence[LaunchSpec]) -> Mapping[str, Refusal]:
        """Start attempts; see `voxel51.runners.nodes.interface.Node.start`."""
        refusals: dict[str, Refusal] = {}
        for launch in launches:
            refusal = self._start(controller, epoch, launch)
            if refusal is not None:
                refusals[launch.attempt_id] = refusal
        return refusals

    def observe(self, call: ObserveCall) -> Observation:
        """Return the state of the attempts of a controller, and renew its lease."""
        with self._changed:
            lease = self._renewed(call)
            for attempt_id in call.received:
                lease.outcomes.pop(attempt_id, None)
            # An overtaken call was delayed on the way: its caller no longer waits.
            if call.number > lease.last_number:
                lease.last_number = call.number
                self._changed.wait_for(
                    lambda: bool(lease.outcomes) or lease.last_number != call.number, call.wait_seconds
                )
            if call.number == lease.last_number:
                lease.answered_at = self._clock()
            return self._observation(call, lease)

    def stop(self, controller: str, attempt_ids: Sequence[str]) -> None:
        """Kill attempts of a controller; unknown ids are ignored."""
        with self._changed:
            known = [each for each in attempt_ids if each in self._running]
        for attempt_id in known:
            if self._running_of(controller, attempt_id):
                self._runner.stop(attempt_id)

    def collect(self, controller: str, attempt_ids: Sequence[str]) -> Sequence[AttemptOutcome]:
        """Return outcomes. They are kept until an observation says that they were received."""
        with self._changed:
            lease = self._leases.get(controller)
            outcomes = {} if lease is None else lease.outcomes
            return [outcomes[each] for each in attempt_ids if each in outcomes]

    def _renewed(self, call: ObserveCall) -> _Lease:
        """Return the lease of a controller, which lasts from the last observation that the controller has received."""
        now = self._clock()
        lease = self._leases.get(call.controller)
        if lease is None:
            lease = self._leases[call.controller] = _Lease(now + self._lease_seconds)
        if call.confirmed and call.confirmed == lease.last_number:
            lease.ends_at = max(lease.ends_at, lease.answered_at + self._lease_seconds)
        return lease

    def _observation(self, call: ObserveCall, lease: _Lease) -> Observation:
        own = [
            attempt_id
            for attempt_id, attempt in self._running.items()
            if attempt.controller == call.controller and attempt.epoch == lease.epoch
        ]
        return Observation(
            epoch=lease.epoch,
            number=call.number,
            running=frozenset(own),
            ended=tuple(lease.outcomes),
            free=self._free(),
            load=_load(),
            is_draining=self._presence.is_draining(),
        )

    def _free(self) -> Resources:
        return self._offer.total - sum((each.resources for each in self._running.values()), NO_RESOURCES)

    def _start(self, controller: str, epoch: str, launch: LaunchSpec) -> Refusal | None:
        attempt_id = launch.attempt_id
        with self._changed:
            lease = self._leases.get(controller)
            if lease is None or lease.epoch != epoch:
                return Refusal("the lease of the node has ended", is_fault=False)
            if attempt_id in self._running or attempt_id in lease.outcomes:
                return None  # the same call once more
            obstacle = self._obstacle(launch)
            if obstacle is not None:
                return Refusal(obstacle, is_fault=False)
            self._running[attempt_id] = _Running(controller, epoch, launch.resources)
        try:
            self._runner.start(launch)
        except OSError as error:
            with self._changed:
                self._running.pop(attempt_id, None)
            return Refusal(f"the attempt could not be started: {error.strerror or error}", is_fault=True)
        with self._changed:
            lease = self._leases.get(controller)
            has_lease = lease is not None and lease.epoch == epoch
        if not has_lease:  # it ended meanwhile, when the runner did not know the attempt yet
            self._runner.stop(attempt_id)
        return None

    def _obstacle(self, launch: LaunchSpec) -> str | None:
        if self._offer.refusal is not None:
            return self._offer.refusal
        if self._presence.is_draining() or self._closing.is_set():
            return "the node is about to leave"
        if not launch.resources.fits(self._free()):
            return "the node is full"
        return None

    def _running_of(self, controller: str, attempt_id: str) -> bool:
        with self._changed:
            attempt = self._running.get(attempt_id)
            return attempt is not None and attempt.controller == controller

    def _on_ended(self, outcome: AttemptOutcome) -> None:
        with self._changed:
            attempt = self._running.pop(outcome.attempt_id, None)
            if attempt is None:
                return
            lease = self._leases.get(attempt.controller)
            if lease is not None and lease.epoch == attempt.epoch:
                lease.outcomes[outcome.attempt_id] = outcome
            self._changed.notify_all()

    def _watch_leases(self) -> None:
        while not self._closing.wait(_CHECK_SECONDS):
            try:
                self._end_leases()
                self._presence.note(self._unsettled())
            except Exception:
                logger.exception("the leases of this node could not be checked; retrying")

    def _unsettled(self) -> int:
        with self._changed:
            return len(self._running) + sum(len(lease.outcomes) for lease in self._leases.values())

    def _end_leases(self) -> None:
        now = self._clock()
        with self._changed:
            ended = {name: lease for name, lease in self._leases.items() if lease.ends_at < now}
            for name in ended:
                del self._leases[name]
            epochs = {lease.epoch for lease in ended.values()}
            orphans = [attempt_id for attempt_id, each in self._running.items() if each.epoch in epochs]
        for attempt_id in orphans:
            logger.warning("attempt %s is ended: this node lost contact with the platform", attempt_id)
            self._runner.stop(attempt_id)


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None
