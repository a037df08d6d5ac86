"""Waiting line: when each queued job starts and ends, if the slots go to the jobs in the order of dispatch."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """A queued job, at its position in the line.

    Attributes:
        seconds: predicted run time.
        groups: what limits it, such as its owner: group -> how many jobs of the group may run at once.
        held_seconds: seconds until it may start at all.
    """

    id: str
    seconds: float
    groups: Mapping[str, int] = field(default_factory=dict)
    held_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A job that runs: the seconds that it still needs, and the groups that it belongs to."""

    remaining_seconds: float
    groups: Iterable[str] = ()


def start_seconds(slots: int, active: Sequence[ActiveJob], waiting: Sequence[WaitingJob]) -> dict[str, float]:
    """Return the seconds until each of the ``waiting`` jobs starts, by job id. Without slots, none ever does."""
    if slots <= 0:
        return {}
    free_at = sorted(job.remaining_seconds for job in active)[-slots:]
    free_at = [0.0] * (slots - len(free_at)) + free_at
    heapq.heapify(free_at)
    ends: dict[str, list[float]] = {}
    for job in active:
        for group in job.groups:
            ends.setdefault(group, []).append(job.remaining_seconds)
    starts: dict[str, float] = {}
    for each in waiting:
        if each.held_seconds:  # jobs behind a held job do not wait for it
            starts[each.id] = each.held_seconds
            continue
        allowed_at = max((_free_at(ends.get(group, []), most) for group, most in each.groups.items()), default=0.0)
        start = max(free_at[0], allowed_at)
        heapq.heapreplace(free_at, start + each.seconds)
        for group in each.groups:
            ends.setdefault(group, []).append(start + each.seconds)
        starts[each.id] = start
    return starts


def _free_at(ends: list[float], most: int) -> float:
    """Return when fewer than ``most`` of the jobs that end at these times run."""
    return 0.0 if len(ends) < most else sorted(ends)[-most] if most else 0.0
