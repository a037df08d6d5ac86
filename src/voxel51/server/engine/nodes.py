"""Nodes for operators: each node of the engine as a worker, with what it runs."""

import math
from collections.abc import Sequence

from sqlalchemy import select

from voxel51.runners.nodes.runner import NodeRunner, NodeState
from voxel51.runners.resources import NO_RESOURCES
from voxel51.server.database.database import Database
from voxel51.server.jobs.tables import attempts
from voxel51.wire.overview import EngineKind, Slots, Worker


class NodeService:
    """Workers that are nodes of a cluster."""

    def __init__(self, database: Database, nodes: NodeRunner, engine: EngineKind) -> None:
        self._database = database
        self._nodes = nodes
        self._engine = engine.value

    def workers(self) -> Sequence[Worker]:
        """Return all nodes, and the machines that cannot be used."""
        states = self._nodes.nodes()
        jobs = self._jobs([attempt_id for state in states for attempt_id in state.attempts])
        nodes = [
            _worker(self._engine, state, [jobs[each] for each in state.attempts if each in jobs]) for state in states
        ]
        return [*nodes, *(_refused(self._engine, address, reason) for address, reason in self._nodes.refused())]

    def _jobs(self, attempt_ids: Sequence[str]) -> dict[str, str]:
        """Return the ids of the jobs of these attempts."""
        if not attempt_ids:
            return {}
        statement = select(attempts.c.id, attempts.c.job_id).where(attempts.c.id.in_(attempt_ids))
        with self._database.read() as connection:
            return {row.id: row.job_id for row in connection.execute(statement)}


def _worker(engine: str, state: NodeState, job_ids: Sequence[str]) -> Worker:
    total = state.offer.total if state.offer else NO_RESOURCES
    slots = math.floor(total.cpus)
    internal = sum(not each.cpus for each in state.resources)
    return {
        "name": f"{state.offer.host if state.offer else 'node'} ({state.node_id[:8]})",
        "engine": engine,
        "dispatching": state.obstacle is None,
        "waiting_reason": state.obstacle,
        "started_at": None,
        "jobs": Slots(total_slots=slots, used_slots=_used(state, slots, internal)),
        "renditions": Slots(total_slots=internal, used_slots=internal),
        "cores": slots,
        "load": None if state.load is None else [state.load],
        "memory": None,
        "disk": None,
        "gpus": math.floor(total.gpus),
        "running": [*job_ids],
    }


def _used(state: NodeState, slots: int, internal: int) -> int:
    """Return the used slots of a node: by all processes of the platform, or by this one if the node is away."""
    if state.obstacle is not None:
        return len(state.attempts) - internal
    return slots - max(0, math.floor(state.free.cpus))


def _refused(engine: str, address: str, reason: str) -> Worker:
    none = Slots(total_slots=0, used_slots=0)
    return {
        "name": address,
        "engine": engine,
        "dispatching": False,
        "waiting_reason": reason,
        "started_at": None,
        "jobs": none,
        "renditions": none,
        "cores": 0,
        "load": None,
        "memory": None,
        "disk": None,
        "gpus": 0,
        "running": [],
    }
