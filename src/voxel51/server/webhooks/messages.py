"""Webhook messages: the JSON documents that receivers get.

Receivers written for the original platform read three fields: ``id`` is the id of the job, which they pass to the
client, ``event`` the name of the event, and ``msg`` a text, which they show to people. Everything else is in further
fields, which those receivers ignore.
"""

from collections.abc import Mapping

from sqlalchemy import RowMapping

from voxel51.server.accounts.callers import Caller
from voxel51.wire import dates
from voxel51.wire.events import EndedBatch, EventName
from voxel51.wire.job_batches import BatchState
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


def message_of(event: RowMapping, record: Mapping[str, object]) -> WebhookMessage:
    """Return the message about a row of `events` with the ``username``, and the ``record`` of its job.

    The record is empty if the job was deleted, and for the end of a batch.
    """
    if event["name"] == EventName.BATCH_ENDED:
        return _message_of_batch(event, event["document"]["batch"])
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


def _message_of_batch(event: RowMapping, batch: EndedBatch) -> WebhookMessage:
    numbers = ", ".join(f"{count} {state}" for state, count in batch["counts"].items() if count)
    return {
        "id": batch["id"],
        "event": event["name"],
        "msg": f"Batch '{batch['name']}' {_BATCH_TEXTS[BatchState(batch['state'])]}: {numbers}",
        "event_id": event["id"],
        "date": dates.to_text(event["date"]),
        "username": event["username"],
        "job": {},
        "batch": batch,
    }


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
