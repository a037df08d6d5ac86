"""Status of a split job while its parts run: the sum of their progress."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, update

from voxel51.server.database.types import DatabaseRow
from voxel51.server.events import outbox
from voxel51.server.jobs.status import PARTS_SHARE, events_of_status, progress_of, status_of
from voxel51.server.jobs.tables import jobs
from voxel51.server.split_jobs.records import SplitJob
from voxel51.wire.jobs import JobState
from voxel51.wire.tasks import Progress


def total_progress(parts: Sequence[DatabaseRow]) -> Progress:
    """Return the progress of a job by its parts, each weighted by its frames. The merge makes the rest."""
    total = sum(part.last_frame - part.first_frame + 1 for part in parts)
    done = sum((part.last_frame - part.first_frame + 1) * _fraction(part) for part in parts)
    complete = sum(part.state == JobState.COMPLETE for part in parts)
    return {
        "fraction": round(PARTS_SHARE * done / total, 4),
        "frames_done": int(done),
        "frames_total": total,
        "message": f"{complete} of {len(parts)} parts are complete",
    }


def _fraction(part: DatabaseRow) -> float:
    if part.state == JobState.COMPLETE:
        return 1.0
    return max(0.0, min(1.0, (progress_of(part.status_text) or {}).get("fraction", 0.0)))


def write_progress(connection: Connection, split: SplitJob, progress: Progress) -> None:
    """Write the progress of the parts into the status of their job, and record it as an event."""
    job = split.job
    document = {**status_of(job._mapping), "state": job.state, "progress": progress}
    document["inputs"] = next((found for part in split.parts if (found := _inputs(part.status_text))), {})
    text = json.dumps(document)
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(status_text=text))
    for name, event in events_of_status(job.status_text, text):
        outbox.record(connection, name, [(job.id, job.owner_id)], event)


def _inputs(status_text: str | None) -> dict[str, object]:
    """Return the metadata of the inputs in the status of a part."""
    document = json.loads(status_text) if status_text else {}
    inputs = document.get("inputs") if isinstance(document, dict) else None
    return inputs if isinstance(inputs, dict) else {}
