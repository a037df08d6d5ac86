"""Webhooks: register, show, change and delete them."""

from typing import Any

import pytest
from sqlalchemy import update

from support.webhook_receivers import Receiver
from support.webhook_services import Webhooks
from voxel51.server.accounts.callers import Application, User
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.webhooks.deliveries import DeliveryResult
from voxel51.server.webhooks.service import MAX_WEBHOOKS
from voxel51.server.webhooks.tables import webhooks
from voxel51.wire import dates
from voxel51.wire.webhooks import WEBHOOK_EVENTS


def test_webhook_is_shown_without_its_secret(hooks: Webhooks, alice: User) -> None:
    webhook, secret = hooks.service.add(alice, {"url": "http://127.0.0.1/x", "description": "mine"})

    assert secret.startswith("whsec_")
    assert webhook == {
        "id": webhook["id"],
        "url": "http://127.0.0.1/x",
        "description": "mine",
        "events": list(WEBHOOK_EVENTS),
        "enabled": True,
        "disabled_reason": None,
        "failures": 0,
        "upload_date": webhook["upload_date"],
    }
    assert hooks.service.details(alice, webhook["id"]) == webhook
    assert hooks.service.all(alice) == {"webhooks": [webhook]}


def test_change_affects_the_named_fields_only(hooks: Webhooks, alice: User) -> None:
    webhook, _ = hooks.service.add(alice, {"url": "http://127.0.0.1/x", "description": "mine"})
    changes: list[Any] = [
        {},
        {"url": "http://127.0.0.1/y"},
        {"events": ["job_failed", "job_failed"]},
        {"events": None},
        {"description": None},
        {"enabled": False},
    ]
    expected: list[Any] = [
        {},
        {"url": "http://127.0.0.1/y"},
        {"events": ["job_failed"]},
        {"events": list(WEBHOOK_EVENTS)},
        {"description": ""},
        {"enabled": False},
    ]
    for change, follows in zip(changes, expected, strict=True):
        before = hooks.service.details(alice, webhook["id"])
        assert hooks.service.change(alice, webhook["id"], change) == {**before, **follows}


@pytest.mark.parametrize(
    "described", [{"events": []}, {"events": ["job_progress"]}, {"events": ["*"]}, {"description": "x" * 256}]
)
def test_invalid_webhook_is_refused(hooks: Webhooks, alice: User, described: Any) -> None:
    with pytest.raises(BadRequest):
        hooks.service.add(alice, {"url": "http://127.0.0.1/", **described})
    webhook, _ = hooks.service.add(alice, {"url": "http://127.0.0.1/"})
    with pytest.raises(BadRequest):
        hooks.service.change(alice, webhook["id"], described)


def test_number_of_webhooks_is_limited(hooks: Webhooks, alice: User, bob: User) -> None:
    for _ in range(MAX_WEBHOOKS):
        hooks.service.add(alice, {"url": "http://127.0.0.1/"})

    with pytest.raises(BadRequest, match="50 webhooks"):
        hooks.service.add(alice, {"url": "http://127.0.0.1/"})
    hooks.service.add(bob, {"url": "http://127.0.0.1/"})


def test_webhook_of_another_user_is_not_found(hooks: Webhooks, alice: User, bob: User, acme: Application) -> None:
    user = hooks.applications.create_user(acme, "alice")
    webhook, _ = hooks.service.add(alice, {"url": "http://127.0.0.1/"})
    of_acme, _ = hooks.service.add(acme, {"url": "http://127.0.0.1/"})
    for foreign, webhook_id in (
        (bob, webhook["id"]),
        (acme, webhook["id"]),
        (user, webhook["id"]),
        (user, of_acme["id"]),
    ):
        assert webhook_id not in [one["id"] for one in hooks.service.all(foreign)["webhooks"]]
        for attempt, more in (
            (hooks.service.details, ()),
            (hooks.service.change, ({"enabled": False},)),
            (hooks.service.delete, ()),
            (hooks.service.rotate_secret, ()),
            (hooks.history.test, ()),
            (hooks.sent, ()),
        ):
            with pytest.raises(NotFound):
                attempt(foreign, webhook_id, *more)
    assert hooks.service.details(alice, webhook["id"]) == webhook


def test_deleting_a_webhook_deletes_its_deliveries(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver)
    hooks.happen(alice)
    [due] = hooks.claim()

    hooks.service.delete(alice, webhook_id)

    hooks.deliveries.settle(due, DeliveryResult(200, None))
    assert hooks.claim() == []
    with pytest.raises(NotFound):
        hooks.service.details(alice, webhook_id)


def test_messages_are_signed_with_the_old_secret_too_for_a_day(
    hooks: Webhooks, alice: User, receiver: Receiver
) -> None:
    webhook_id = hooks.register(alice, receiver)
    old = receiver.secret
    new = hooks.service.rotate_secret(alice, webhook_id)
    with hooks.delivering():
        hooks.happen(alice)
        receiver.wait_for(1)

    assert old != new
    for receiver.secret in (old, new):
        assert receiver.verified(receiver.last)["event"] == "job_complete"

    with hooks.database.write() as connection:
        connection.execute(update(webhooks).values(previous_secret_until=dates.now()))
    with hooks.delivering():
        hooks.happen(alice)
        receiver.wait_for(2)
    assert receiver.verified(receiver.last)
    receiver.secret = old
    with pytest.raises(Exception, match="No matching signature"):
        receiver.verified(receiver.last)
