"""Webhooks: URLs that receive events of jobs, batches and runs of pipelines, and the deliveries to them."""

from enum import StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.documents import JsonObject
from voxel51.wire.events import EndedBatch, EndedPipelineRun, EventName
from voxel51.wire.query import ListPage

WEBHOOK_ID = "webhook-id"
WEBHOOK_TIMESTAMP = "webhook-timestamp"
WEBHOOK_SIGNATURE = "webhook-signature"
"""The headers of a message, as in the Standard Webhooks specification (standardwebhooks.com)."""

_FREQUENT = {EventName.PROGRESS, EventName.MESSAGE, EventName.PARTIAL}

WEBHOOK_EVENTS = tuple(name.value for name in EventName if name not in _FREQUENT)
"""Events that a webhook can receive: those that happen once to a job, batch or run, without progress and messages."""

TEST_EVENT = "test"
"""Event that ``POST webhooks/<id>/test`` sends. It cannot be selected, and is always sent."""


class DeliveryState(StrEnum):
    """State of a delivery to a webhook."""

    PENDING = "PENDING"  # waits for its first or next attempt
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"  # all attempts failed


class Webhook(TypedDict):
    """Webhook. Its secret is shown once, when it is created.

    ``failures`` counts the latest consecutive deliveries that failed. If the platform disabled the webhook,
    ``disabled_reason`` says why.
    """

    id: str
    url: str
    description: str
    events: list[str]
    enabled: bool
    disabled_reason: str | None
    failures: int
    upload_date: str


class WebhookList(TypedDict):
    """Response of ``GET webhooks``, the oldest first."""

    webhooks: list[Webhook]


class WebhookDetails(TypedDict):
    """Response of ``GET`` and ``PATCH webhooks/<id>``."""

    webhook: Webhook


class NewWebhook(TypedDict):
    """Body of ``POST webhooks``. Without ``events`` it receives all of them."""

    url: str
    events: NotRequired[list[str] | None]
    description: NotRequired[str | None]


class WebhookChange(TypedDict, total=False):
    """Body of ``PATCH webhooks/<id>``: the fields to change. ``events`` null selects all of them."""

    url: str
    events: list[str] | None
    description: str | None
    enabled: bool


class WebhookSecret(TypedDict):
    """Response of ``POST webhooks/<id>/secret``: ``whsec_`` and the key in base64."""

    secret: str


class WebhookWithSecret(TypedDict):
    """Response of ``POST webhooks``."""

    webhook: Webhook
    secret: str


class WebhookMessage(TypedDict):
    """Message to a webhook.

    ``id`` is the id of the job, ``msg`` a text for people, ``username`` the owner of the job, and ``job`` the job as it
    was when the event happened. ``event_id`` increases with each event. The message about the end of a batch or of a
    run of a pipeline has the ``batch`` or ``pipeline_run``, whose id is its ``id``, and ``job`` is empty. The message
    of a test is about no job: ``id`` is that of the webhook, ``event_id`` null and ``job`` empty.
    """

    id: str
    event: str
    msg: str
    event_id: int | None
    date: str
    username: str
    job: JsonObject
    batch: NotRequired[EndedBatch]
    pipeline_run: NotRequired[EndedPipelineRun]


class Delivery(TypedDict, total=False):
    """Delivery of one message to a webhook. ``error`` is the reason why the last attempt failed."""

    id: str
    event: str
    event_id: int | None
    state: str
    attempts: int
    upload_date: str
    last_attempt_date: str | None
    last_status: int | None
    error: str | None
    next_attempt_date: str | None


class DeliveryList(ListPage):
    """Response of ``GET webhooks/<id>/deliveries``."""

    deliveries: list[Delivery]


class DeliveryDetails(TypedDict):
    """Response of ``POST webhooks/<id>/test``, and of a redelivery."""

    delivery: Delivery
