"""Webhook messages: the JSON documents that receivers get.

Receivers written for the original platform read three fields: ``id`` is the id of the job, which they pass to the
client, ``event`` the name of the event, and ``msg`` a text, which they show to people. Everything else is in further
fields, which those receivers ignore.
"""

from collections.abc import Mapping

from sqlalchemy import RowMapping

from voxel51.server.accounts.callers import Caller
from voxel51.wire import dates
from voxel51.wire.events import EndedBatch, EndedPipelineRun, EventName
from voxel51.wire.job_batches import BatchState
from voxel51.wire.pipelines import PipelineRunState
from voxel51.wire.webhooks import TEST_EVENT, WebhookMessage

_TEXTS = {
    EventName.QUEUED: "is queued",
    EventName.SCHEDULED: "is about to start",
    EventName.RUNNING: "is running",
    EventName.COMPLETE: "is complete",
    EventName.FAILED: "failed",
    EventName.ARCHIVED: "was archived",
    EventName.UNARCHIVED: "was unarchived",
    EventName.EXPIRED: "has expired; its output was deleted",
    EventName.DELETED: "was deleted",
    EventName.REVIEWED: "was reviewed",
}


_BATCH_TEXTS = {BatchState.ENDED: "has ended", BatchState.CANCELLED: "was cancelled"}
_RUN_TEXTS = {
    PipelineRunState.COMPLETE: "is complete",
    PipelineRunState.FAILED: "failed",
    PipelineRunState.CANCELLED: "was cancelled",
}


def message_of(event: RowMapping, record: Mapping[str, object]) -> WebhookMessage:
    """Return the message about a row of `events` with the ``username``, and the ``record`` of its job.

    The record is empty if the job was deleted, and for the end of a batch or of a run of a pipeline.
    """
    if event["name"] == EventName.BATCH_ENDED:
        batch: EndedBatch = event["document"]["batch"]
        return {**_message_without_job(event, batch["id"], _text_of_batch(batch)), "batch": batch}
    if event["name"] == EventName.PIPELINE_RUN_ENDED:
        run: EndedPipelineRun = event["document"]["pipeline_run"]
        return {**_message_without_job(event, run["id"], _text_of_run(run)), "pipeline_run": run}
    job = {"id": event["job_id"], **(event["document"] or {}), **record}
    return {
        "id": event["job_id"],
        "event": event["name"],
        "msg": _text(EventName(event["name"]), job),
        "event_id": event["id"],
        "date": dates.to_text(event["date"]),
        "username": event["username"],
        "job": job,
    }


def _message_without_job(event: RowMapping, about: str, text: str) -> WebhookMessage:
    return {
        "id": about,
        "event": event["name"],
        "msg": text,
        "event_id": event["id"],
        "date": dates.to_text(event["date"]),
        "username": event["username"],
        "job": {},
    }


def _text_of_batch(batch: EndedBatch) -> str:
    numbers = ", ".join(f"{count} {state}" for state, count in batch["counts"].items() if count)
    return f"Batch '{batch['name']}' {_BATCH_TEXTS[BatchState(batch['state'])]}: {numbers}"


def _text_of_run(run: EndedPipelineRun) -> str:
    about = f"Run '{run['name']}' of pipeline '{run['pipeline']}' {_RUN_TEXTS[PipelineRunState(run['state'])]}"
    return f"{about}: {run['complete']} of {run['steps']} steps are complete"


def message_of_test(webhook_id: str, caller: Caller) -> WebhookMessage:
    """Return the message that tests a webhook. It is about no job; its id is that of the webhook."""
    return {
        "id": webhook_id,
        "event": TEST_EVENT,
        "msg": f"This is a test of webhook '{webhook_id}'",
        "event_id": None,
        "date": dates.to_text(dates.now()),
        "username": caller.name,
        "job": {},
    }


def _text(name: EventName, job: Mapping[str, object]) -> str:
    text = f"Job '{job.get('name') or job['id']}' {_TEXTS[name]}"
    reason = job.get("message") or job.get("failure_type")
    return f"{text}: {reason}" if name is EventName.FAILED and reason else text
