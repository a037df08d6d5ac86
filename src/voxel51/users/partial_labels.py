"""Partial labels: the labels that a job has found so far, as a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from voxel51.transport.errors import InvalidRequest
from voxel51.users.calls import jobs
from voxel51.users.downloading import FilePath
from voxel51.users.flows import Emit, EmittingFlow, Flow, Pause, Work, fetch
from voxel51.users.utils import log_missing_basedir
from voxel51.wire.jobs import JobState
from voxel51.wire.partial import PartialLabels

POLL_SECONDS = 1.0
"""Pause between two requests for the labels of a job that runs."""

_ENDED = {JobState.COMPLETE, JobState.FAILED}


def follow_partial_labels(job_id: str) -> EmittingFlow[PartialLabels]:
    """Emit the labels that a job finds, as they come, until it ends. A complete job emits none."""
    cursor = None
    while True:
        reply = yield from fetch(jobs.partial(job_id, cursor))
        if reply["parts"] or reply["is_restarted"]:
            yield Emit(reply)
        cursor = reply["cursor"]
        if not reply["has_more"]:
            if reply["state"] in _ENDED:
                return
            yield Pause(POLL_SECONDS)


def save_partial_labels(job_id: str, path: FilePath | None) -> Flow[FilePath]:
    """Download the labels that a job has found so far, by default to ``<job id>.partial.json``; return the path.

    Raises:
        InvalidRequest: the job is complete.
    """
    target = Path(path or f"{job_id}.partial.json")
    labels: dict[str, Any] = {"frames": {}}
    cursor, has_more = None, True
    while has_more:
        reply = yield from fetch(jobs.partial(job_id, cursor))
        if reply["state"] == JobState.COMPLETE:
            raise InvalidRequest(f"job {job_id!r} is COMPLETE: download its output, which has all labels", 400)
        if reply["is_restarted"]:
            labels = {"frames": {}}
        for part in reply["parts"]:
            _add(part, labels)
        cursor, has_more = reply["cursor"], reply["has_more"]
    log_missing_basedir(target)
    from voxel51.labels.files import write_document  # noqa: PLC0415  (only for this call)

    yield Work(lambda: write_document(labels, target))
    return path or target.name


def _add(part: Mapping[str, Any], labels: dict[str, Any]) -> None:
    """Add a part to ``labels``. A frame that is there is replaced: the last part counts."""
    labels["frames"].update(part.get("frames") or {})
    events = (part.get("events") or {}).get("events") or []
    if events:
        labels.setdefault("events", {"events": []})["events"] += events
