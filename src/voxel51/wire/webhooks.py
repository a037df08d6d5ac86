"""Webhooks: URLs that are told what becomes of jobs, and what was told to them."""

from enum import StrEnum
from typing import Any, NotRequired, TypedDict

from voxel51.wire.events import EventName

WEBHOOK_ID = "webhook-id"
WEBHOOK_TIMESTAMP = "webhook-timestamp"
WEBHOOK_SIGNATURE = "webhook-signature"
"""The headers of a message, in the form of the Standard Webhooks specification (standardwebhooks.com)."""

WEBHOOK_EVENTS = tuple(name.value for name in EventName if name not in {EventName.PROGRESS, EventName.MESSAGE})
"""What a webhook can be told of: what happens to a job once, and not what it says all the time."""

TEST_EVENT = "test"
"""What ``POST webhooks/<id>/test`` sends; it cannot be chosen, and is always sent."""


class DeliveryState(StrEnum):
    """Where a message to a webhook stands."""

    PENDING = "PENDING"  # it is tried, or tried again
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"  # it was tried often enough


class Webhook(TypedDict):
    """A webhook; its secret is told once, when it is made.

    ``failures`` counts the deliveries in a row that failed for good. Where the platform disabled the webhook,
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
    """Answer of ``GET webhooks``, the oldest first."""

    webhooks: list[Webhook]


class WebhookDetails(TypedDict):
    """Answer of ``GET`` and ``PATCH webhooks/<id>``."""

    webhook: Webhook


class NewWebhook(TypedDict):
    """Body of ``POST webhooks``; without ``events`` it is told of all of them."""

    url: str
    events: NotRequired[list[str] | None]
    description: NotRequired[str | None]


class WebhookChange(TypedDict, total=False):
    """Body of ``PATCH webhooks/<id>``: what is to change. ``events`` null means all of them."""

    url: str
    events: list[str] | None
    description: str | None
    enabled: bool


class WebhookSecret(TypedDict):
    """Answer of ``POST webhooks/<id>/secret``: ``whsec_`` and the key in base64."""

    secret: str


class WebhookWithSecret(TypedDict):
    """Answer of ``POST webhooks``."""

    webhook: Webhook
    secret: str


class WebhookMessage(TypedDict):
    """What a webhook is sent. ``msg`` is the job, as it was when the message was made; ``username`` is its owner."""

    id: str
    event: str
    date: str
    username: str
    msg: dict[str, Any]


class Delivery(TypedDict, total=False):
    """One message to a webhook, and how its sending went. ``error`` says why the last attempt failed."""

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


class DeliveryList(TypedDict):
    """Answer of ``GET webhooks/<id>/deliveries``; ``count`` is the matches before offset and limit."""

    deliveries: list[Delivery]
    count: int


class DeliveryDetails(TypedDict):
    """Answer of ``POST webhooks/<id>/test`` and of a replay."""

    delivery: Delivery
