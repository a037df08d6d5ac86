"""Kept progress: partial labels and checkpoints of a job, on the platform that it runs on."""

import gzip
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Never

from voxel51.labels.field_types import JsonValue
from voxel51.platform.activity import ActivityReporter
from voxel51.platform.agent import Agent, NotCurrent, is_rejection
from voxel51.platform.checkpoint import INTERVAL_SECONDS, Checkpoint, SavedState
from voxel51.platform.checkpoint_codec import decode
from voxel51.platform.partial_labels import PartialLabels
from voxel51.transport.errors import APIError
from voxel51.wire.checkpoints import SavedCheckpoint
from voxel51.wire.tasks import TaskDescription

logger = logging.getLogger(__name__)

Stop = Callable[[NotCurrent], Never]
"""Function that ends the process, because another attempt is the current one."""


def partial_labels_of(agent: Agent, task: TaskDescription, stop: Stop) -> PartialLabels:
    """Return what sends partial labels, if the platform takes them. A merge sends none: its parts have."""
    state = task.get("partial")
    if state is None or "merge" in task:
        return PartialLabels()
    return PartialLabels(partial(_send_part, agent, stop), state["parts"])


def checkpoint_of(agent: Agent, task: TaskDescription, labels: PartialLabels, stop: Stop) -> Checkpoint:
    """Return the checkpoints of the job, if the platform keeps them. The job goes on from the last one, if any.

    A merge saves none: it is short.
    """
    state = task.get("checkpoint")
    if state is None or "merge" in task:
        return Checkpoint(labels)
    saved = _saved_state(agent, state["saved"]) if "saved" in state else None
    interval_seconds = state.get("interval_seconds", INTERVAL_SECONDS)
    return Checkpoint(labels, _Store(agent, stop, state["limit_bytes"], interval_seconds), saved)


def activity_of(agent: Agent, task: TaskDescription, frames_done: Callable[[], int | None]) -> ActivityReporter:
    """Return what reports the activity of the job; it has begun if the platform takes reports."""
    state = task.get("activity", {"interval_seconds": 0.0})
    reporter = ActivityReporter(agent.put_activity, state["interval_seconds"], frames_done)
    if "activity" in task:
        reporter.open()
    return reporter


def _send_part(agent: Agent, stop: Stop, number: int, body: bytes) -> bool:
    try:
        agent.put_partial(number, body)
    except NotCurrent as error:
        stop(error)
    except APIError as error:
        if not is_rejection(error):
            raise
        logger.warning("the platform takes no more partial labels: %s", error)
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Store:
    agent: Agent
    stop: Stop
    limit_bytes: int
    interval_seconds: float

    def save(self, content: bytes, parts: int) -> bool:
        try:
            self.agent.put_checkpoint(content, hashlib.sha256(content).hexdigest(), parts)
        except NotCurrent as error:
            self.stop(error)
        except APIError as error:
            logger.warning("the checkpoint could not be saved: %s", error)
            return False
        return True


def _saved_state(agent: Agent, saved: SavedCheckpoint) -> SavedState | None:
    """Return the checkpoint, or None if it is damaged: the job then begins again."""
    content = agent.get_checkpoint()
    if hashlib.sha256(content).hexdigest() != saved["sha256"]:
        logger.warning("the checkpoint is damaged: its hash is not the one that was recorded. The job begins again")
        return None
    return SavedState(decode(content), partial(_frames, agent, saved["parts"]))


def _frames(agent: Agent, parts: int) -> Iterator[tuple[int, Mapping[str, JsonValue]]]:
    """Yield the frames in the partial results before the checkpoint, part by part: all of them may not fit into memory.

    A frame is in several parts only if an attempt began again; the frames are the same then.
    """
    last = 0
    for part in range(1, parts + 1):
        labels = json.loads(gzip.decompress(agent.get_part(part)))
        for key, frame in labels["frames"].items():
            if int(key) > last:
                last = int(key)
                yield last, frame
