"""Included parts of the page on events and webhooks: event names and message shapes."""

import msgspec

from generators.markdown import code, table
from generators.shapes import section
from voxel51.wire.events import EndedJobs, Event, EventName, Gap
from voxel51.wire.webhooks import WEBHOOK_EVENTS, WebhookMessage

_SHAPES = (EndedJobs, Event, Gap, WebhookMessage)
_MEANINGS = {
    EventName.QUEUED: "the job waits in the queue",
    EventName.SCHEDULED: "the job is about to start",
    EventName.RUNNING: "the job has started",
    EventName.PROGRESS: "progress of the job, at most twice per second",
    EventName.MESSAGE: "message of the job",
    EventName.PARTIAL: "partial results of the job can be fetched, at most once per second",
    EventName.COMPLETE: "the job completed and its output is available",
    EventName.FAILED: "the job failed",
    EventName.ARCHIVED: "the job was archived",
    EventName.UNARCHIVED: "the job was unarchived",
    EventName.EXPIRED: "the output of the job expired",
    EventName.DELETED: "the job was deleted",
    EventName.REVIEWED: "a review of the labels of the job was saved, as the version of the event",
    EventName.BATCH_ENDED: "the batch has ended or was cancelled",
    EventName.PIPELINE_RUN_ENDED: "all jobs of the run of a pipeline have ended",
}


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    rows = [(code(name.value), _MEANINGS[name], "yes" if name in WEBHOOK_EVENTS else "no") for name in EventName]
    _, components = msgspec.json.schema_components(_SHAPES, ref_template="#/components/schemas/{name}")
    shapes = [line.replace("## ", "### ", 1) for name in sorted(components) for line in section(name, components[name])]
    return {
        "parts/event-names.md": "\n".join(table(("event", "meaning", "sent to webhooks"), rows)),
        "parts/event-shapes.md": "\n".join(shapes),
    }
