"""Dispatchers: what this process knows of its own dispatcher and of those of other processes."""

from collections.abc import Callable, Sequence
from typing import cast

from voxel51.server.database.membership import Membership
from voxel51.server.database.types import DatabaseRow
from voxel51.server.engine.dispatcher import Dispatcher
from voxel51.wire.overview import Slots, Worker

NONE_RUNNING = "no dispatcher is running"


class Dispatchers:
    """All dispatchers of the platform. Those of other processes are as they were at most some seconds ago.

    Args:
        own: the dispatcher of this process; None if it runs no jobs.
        process: this process, as one of those that run the platform.
        describe: returns the worker of this process, and the nodes on which it runs jobs.
    """

    def __init__(self, own: Dispatcher | None, process: Membership, describe: Callable[[], Sequence[Worker]]) -> None:
        self._own = own
        self._process = process
        self._describe = describe
        if own is not None:
            process.publish(lambda: {"workers": describe()})

    def workers(self) -> list[Worker]:
        """Return what runs jobs: this process, if it does, and others."""
        own = [] if self._own is None else self._describe()
        return [*own, *(worker for row in self._rows() for worker in row.state["workers"])]

    def is_running(self) -> bool:
        """Return whether a dispatcher runs, even if it starts no jobs at present."""
        return (self._own is not None and self._own.is_running()) or bool(self._others())

    @property
    def waiting_reason(self) -> str | None:
        """Reason why no dispatcher starts queued jobs at present; None while one does."""
        others = [worker["waiting_reason"] for worker in self._others()]
        if self._own is not None:
            others = [self._own.waiting_reason, *others]
        return None if None in others else next(iter(others), NONE_RUNNING)

    def slots(self, *, internal: bool) -> Slots:
        """Return the slots of all dispatchers, of user-submitted or of internal jobs."""
        each = [worker["renditions"] if internal else worker["jobs"] for worker in self._others()]
        if self._own is not None:
            each.append(self._own.slots(internal=internal))
        total, used = (sum(slots[name] for slots in each) for name in ("total_slots", "used_slots"))
        return {"total_slots": total, "used_slots": used}

    def gpus_of_others(self) -> int:
        """Return the most GPUs that a dispatcher of another process has, on all of its nodes together."""
        totals = (sum(worker.get("gpus", 0) for worker in row.state["workers"]) for row in self._rows())
        return max(totals, default=0)

    def _others(self) -> Sequence[Worker]:
        """Return the workers that are the dispatchers of other processes."""
        return [cast("Worker", row.state["workers"][0]) for row in self._rows()]

    def _rows(self) -> Sequence[DatabaseRow]:
        return [row for row in self._process.others if row.state is not None]
