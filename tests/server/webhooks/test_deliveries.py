"""Webhook deliveries: from an event to a message, its receivers, retries and records."""

import sqlite3
import threading
from collections import Counter
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from support.loopback_server import Reply
from support.webhook_receivers import Receiver, hanging
from support.webhook_services import Webhooks
from voxel51.server.accounts.callers import Application, User
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.outbound.guard import Guard
from voxel51.server.webhooks.deliverer import Deliverer
from voxel51.server.webhooks.deliveries import (
    JITTER,
    MAX_CONCURRENT_PER_OWNER,
    MAX_CONCURRENT_PER_WEBHOOK,
    MAX_FAILURES,
    RETRY_SCHEDULE_SECONDS,
    DeliveryResult,
)
from voxel51.server.webhooks.tables import deliveries
from voxel51.wire import dates
from voxel51.wire.events import NO_JOB
from voxel51.wire.webhooks import WEBHOOK_EVENTS

AGAIN = DeliveryResult(500, "The receiver answered 500")


def test_message_describes_the_event_and_is_signed(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    hooks.register(alice, receiver)
    hooks.records["j"] = {"id": "j", "name": "the job", "state": "FAILED"}

    with hooks.delivering():
        hooks.happen(alice, "job_failed", failure_type="USER", message="no video")
        [message] = receiver.wait_for(1)

    assert message == {
        "id": "j",
        "event": "job_failed",
        "msg": "Job 'the job' failed: no video",
        "event_id": 1,
        "date": message["date"],
        "username": "alice",
        "job": {"id": "j", "name": "the job", "state": "FAILED", "failure_type": "USER", "message": "no video"},
    }
    assert receiver.last.method == "POST"
    assert receiver.last.path == "/hook?token=receivers-secret"
    assert receiver.last.headers["content-type"] == "application/json"
    assert abs(int(receiver.last.headers["webhook-timestamp"]) - dates.now().timestamp()) < 60


@pytest.mark.parametrize("name", [name for name in WEBHOOK_EVENTS if name.startswith("job_")])
def test_every_message_has_the_types_that_old_receivers_expect(
    hooks: Webhooks, alice: User, receiver: Receiver, name: str
) -> None:
    hooks.register(alice, receiver)

    with hooks.delivering():
        hooks.happen(alice, name)  # the job was deleted since: its record is gone
        [message] = receiver.wait_for(1)

    assert (message["id"], message["event"]) == ("j", name)
    assert message["msg"].startswith("Job 'j' ")


def test_message_about_a_batch_has_its_counts_and_no_job(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    hooks.register(alice, receiver)
    counts = {"waiting": 0, "active": 0, "complete": 2, "reused": 0, "failed": 1, "cancelled": 0}
    batch = {"id": "b", "name": "the batch", "state": "ENDED", "items": 3, "counts": counts}

    with hooks.delivering():
        hooks.happen(alice, "batch_ended", NO_JOB, batch=batch)
        [message] = receiver.wait_for(1)

    assert (message["id"], message["event"], message["job"], message["batch"]) == ("b", "batch_ended", {}, batch)
    assert message["msg"] == "Batch 'the batch' has ended: 2 complete, 1 failed"


def test_message_about_a_run_of_a_pipeline_has_its_state_and_no_job(
    hooks: Webhooks, alice: User, receiver: Receiver
) -> None:
    hooks.register(alice, receiver)
    of_pipeline = {"pipeline_id": "p", "pipeline": "Keyframes", "version": 2}
    run = {"id": "r", "name": "Tonight", "state": "FAILED", **of_pipeline, "steps": 3, "complete": 1}

    with hooks.delivering():
        hooks.happen(alice, "pipeline_run_ended", NO_JOB, pipeline_run=run)
        [message] = receiver.wait_for(1)

    assert (message["id"], message["event"], message["job"]) == ("r", "pipeline_run_ended", {})
    assert message["pipeline_run"] == run
    assert message["msg"] == "Run 'Tonight' of pipeline 'Keyframes' failed: 1 of 3 steps are complete"


def test_event_after_the_clock_was_set_back_is_delivered(
    hooks: Webhooks, alice: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id = hooks.register(alice, receiver)
    hooks.happen(alice, job_id="before")
    hooks.deliveries.take_events()

    a_year_earlier = dates.now() - timedelta(days=365)
    monkeypatch.setattr(dates, "now", lambda: a_year_earlier)
    hooks.happen(alice, job_id="after")

    assert len(hooks.claim()) == 2
    assert [one["event_id"] for one in hooks.sent(alice, webhook_id)] == [1, 2]


def test_retry_that_waits_since_before_the_clock_was_set_back_is_due(
    hooks: Webhooks, alice: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks.register(alice, receiver)
    hooks.happen(alice)
    service = hooks.deliveries_by((3600.0,))
    service.take_events()
    [claimed] = service.claim(Counter(), 1)
    service.settle(claimed, AGAIN)
    assert service.claim(Counter(), 1) == []

    a_day_earlier = dates.now() - timedelta(days=1)
    monkeypatch.setattr(dates, "now", lambda: a_day_earlier)

    assert [one.id for one in service.claim(Counter(), 1)] == [claimed.id]
    assert service.claim(Counter(), 1) == []


def test_altered_or_misdirected_message_does_not_verify(
    hooks: Webhooks, alice: User, receiver: Receiver, another_receiver: Receiver
) -> None:
    hooks.register(alice, receiver)
    hooks.register(alice, another_receiver)
    with hooks.delivering():
        hooks.happen(alice)
        receiver.wait_for(1)
        another_receiver.wait_for(1)

    received = receiver.last
    with pytest.raises(Exception, match="No matching signature"):
        another_receiver.verified(received)
    received.body += b" "
    with pytest.raises(Exception, match="No matching signature"):
        receiver.verified(received)


def test_webhook_gets_its_chosen_events_of_its_owners_jobs(
    hooks: Webhooks, alice: User, bob: User, receiver: Receiver, another_receiver: Receiver
) -> None:
    hooks.happen(alice, "job_complete", "before it was there")
    hooks.deliveries.take_events()
    everything = hooks.register(alice, receiver)
    failures = hooks.register(alice, another_receiver, events=["job_failed"])

    for owner, name in ((alice, "job_queued"), (alice, "job_progress"), (bob, "job_failed"), (alice, "job_failed")):
        hooks.happen(owner, name)
    hooks.deliveries.take_events()

    assert [one["event"] for one in hooks.sent(alice, everything)] == ["job_queued", "job_failed"]
    assert [one["event"] for one in hooks.sent(alice, failures)] == ["job_failed"]


def test_application_gets_events_of_all_its_users_and_each_user_their_own(
    hooks: Webhooks, acme: Application, alice: User, receiver: Receiver, another_receiver: Receiver
) -> None:
    users = [hooks.applications.create_user(acme, name) for name in ("alice", "bob")]
    of_acme = hooks.register(acme, receiver)
    of_one = hooks.register(users[1], another_receiver)

    for owner in (*users, alice):
        hooks.happen(owner, job_id=owner.id)
    with hooks.delivering():
        messages = receiver.wait_for(2)
        another_receiver.wait_for(1)

    assert sorted(message["username"] for message in messages) == ["alice", "bob"]
    assert {message["id"] for message in messages} == {user.id for user in users}
    assert (len(hooks.sent(acme, of_acme)), len(hooks.sent(users[1], of_one))) == (2, 1)


def test_events_become_deliveries_exactly_once(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver)
    for _ in range(450):
        hooks.happen(alice)

    readers = [threading.Thread(target=lambda: [hooks.deliveries.take_events() for _ in range(6)]) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert hooks.deliveries.take_events() == 0
    assert [one["event_id"] for one in hooks.sent(alice, webhook_id)] == list(range(1, 451))


def test_failed_attempt_is_retried_by_the_schedule(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    """Nine attempts within about a day, with the pauses of the schedule plus or minus the jitter."""
    service = hooks.deliveries_by(tuple(RETRY_SCHEDULE_SECONDS))
    webhook_id = hooks.register(alice, receiver)
    hooks.happen(alice)
    service.take_events()

    pauses = []
    for _ in range(len(RETRY_SCHEDULE_SECONDS)):
        [due] = service.claim(Counter(), 1)
        before = dates.now()
        service.settle(due, AGAIN)
        [delivery] = hooks.sent(alice, webhook_id)
        assert delivery["state"] == "PENDING"
        assert (delivery["last_status"], delivery["error"]) == (500, "The receiver answered 500")
        pauses.append((dates.from_text(str(delivery["next_attempt_date"])) - before).total_seconds())
        assert service.claim(Counter(), 1) == [], "it is not due yet"
        make_due(hooks)
    [due] = service.claim(Counter(), 1)
    service.settle(due, AGAIN)

    [delivery] = hooks.sent(alice, webhook_id)
    assert (delivery["state"], delivery["attempts"], delivery["next_attempt_date"]) == ("FAILED", 9, None)
    for pause, planned in zip(pauses, RETRY_SCHEDULE_SECONDS, strict=True):
        assert planned * (1 - JITTER) - 1 <= pause <= planned * (1 + JITTER) + 1
    assert 20 * 3600 < sum(RETRY_SCHEDULE_SECONDS) < 28 * 3600
    assert len(set(pauses)) == len(pauses)


def make_due(hooks: Webhooks) -> None:
    with hooks.database.write() as connection:
        connection.execute(update(deliveries).values(next_attempt_date=dates.now()))


def test_retries_deliver_the_same_message(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver)
    receiver.reply(Reply(503), Reply(302, headers={"Location": "/elsewhere"}), Reply(204))

    with hooks.delivering():
        hooks.happen(alice)
        messages = receiver.wait_for(3)
        hooks.wait_until(lambda: hooks.sent(alice, webhook_id)[0]["state"] == "DELIVERED")

    assert messages[0] == messages[1] == messages[2]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    [delivery] = hooks.sent(alice, webhook_id)
    assert (delivery["attempts"], delivery["last_status"], delivery["error"]) == (3, 204, None)
    assert {request.path for request in receiver.requests} == {"/hook?token=receivers-secret"}


def test_attempt_interrupted_by_a_crash_is_repeated(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    hooks.register(alice, receiver)
    hooks.happen(alice)
    [lost] = hooks.claim()

    assert hooks.claim() == [], "while it may be under way it is not tried again"
    with hooks.database.write() as connection:
        [(due_again,)] = connection.execute(select(deliveries.c.next_attempt_date)).all()
        assert timedelta(0) < due_again - dates.now() <= timedelta(minutes=2)
    make_due(hooks)
    [again] = hooks.claim()
    assert (again.id, again.body) == (lost.id, lost.body)


def test_webhook_is_disabled_after_consecutive_failures(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver)
    receiver.reply(Reply(500, b"out of order"))
    for _ in range(MAX_FAILURES):
        hooks.happen(alice)

    with hooks.delivering() as deliverer:
        hooks.wait_until(lambda: not hooks.service.details(alice, webhook_id)["enabled"])
        webhook = hooks.service.details(alice, webhook_id)
        assert webhook["failures"] == MAX_FAILURES
        assert webhook["disabled_reason"] == (
            "5 consecutive deliveries failed. The last error: The receiver answered 500: out of order"
        )
        hooks.happen(alice)
        hooks.deliveries.take_events()
        assert len(hooks.sent(alice, webhook_id)) == MAX_FAILURES, "what happens meanwhile is not kept for it"
        with pytest.raises(BadRequest, match="is disabled"):
            hooks.history.test(alice, webhook_id)

        receiver.reply(Reply())
        enabled = hooks.service.change(alice, webhook_id, {"enabled": True})
        assert (enabled["enabled"], enabled["disabled_reason"], enabled["failures"]) == (True, None, 0)
        hooks.happen(alice)
        deliverer.wake()
        hooks.wait_until(lambda: hooks.sent(alice, webhook_id)[-1]["state"] == "DELIVERED")


def test_success_resets_the_failure_count(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver)
    for _ in range(3):
        hooks.happen(alice)
    for result in (DeliveryResult(410, "gone"), DeliveryResult(200, None)):
        due, *_ = hooks.claim()
        if result.status == 410:
            hooks.deliveries.settle(due, AGAIN)
            with hooks.database.write() as connection:
                connection.execute(update(deliveries).where(deliveries.c.id == due.id).values(attempts=99))
            hooks.deliveries.settle(due, AGAIN)
            assert hooks.service.details(alice, webhook_id)["failures"] == 1
            make_due(hooks)
        else:
            hooks.deliveries.settle(due, result)

    assert hooks.service.details(alice, webhook_id)["failures"] == 0


def test_receiver_that_answers_gone_gets_no_more_messages(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver)
    receiver.reply(Reply(410))
    hooks.happen(alice)

    with hooks.delivering():
        hooks.wait_until(lambda: not hooks.service.details(alice, webhook_id)["enabled"])

    assert "410" in str(hooks.service.details(alice, webhook_id)["disabled_reason"])
    assert hooks.sent(alice, webhook_id)[0]["state"] == "FAILED"
    assert len(receiver.requests) == 1


def test_hanging_receivers_do_not_delay_others(
    hooks: Webhooks, alice: User, bob: User, receiver: Receiver, another_receiver: Receiver
) -> None:
    released = threading.Event()
    receiver.reply(hanging(released))
    for _ in range(20):
        hooks.register(alice, receiver)
    hooks.register(bob, another_receiver)
    for _ in range(20):
        hooks.happen(alice)

    with hooks.delivering():
        hooks.wait_until(lambda: len(receiver.requests) >= MAX_CONCURRENT_PER_OWNER)
        hooks.happen(bob)
        another_receiver.wait_for(1, limit_seconds=5)
        assert len(receiver.requests) == MAX_CONCURRENT_PER_OWNER, "no holder has more under way at once"
        released.set()


def test_concurrent_deliveries_are_limited_to_one_for_a_failing_webhook(
    hooks: Webhooks, alice: User, receiver: Receiver
) -> None:
    webhook_id = hooks.register(alice, receiver)
    for _ in range(20):
        hooks.happen(alice)

    claimed = hooks.claim()
    assert len(claimed) == MAX_CONCURRENT_PER_WEBHOOK
    busy = Counter({webhook_id: MAX_CONCURRENT_PER_WEBHOOK - 1, alice.id: MAX_CONCURRENT_PER_WEBHOOK - 1})
    assert len(hooks.deliveries.claim(busy, 100)) == 1
    with hooks.database.write() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == claimed[0].id).values(attempts=99))
    hooks.deliveries.settle(claimed[0], AGAIN)
    assert len(hooks.deliveries.claim(Counter(), 100)) == 1


def test_every_attempt_passes_the_outbound_guard(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    """A URL that was allowed when it was registered may resolve to another host later."""
    webhook_id = hooks.register(alice, receiver)
    hooks.happen(alice)
    deliverer = Deliverer(hooks.deliveries, Guard(), hooks.cipher)
    deliverer.open()
    hooks.wait_until(
        lambda: hooks.sent(alice, webhook_id)[:1] != [] and hooks.sent(alice, webhook_id)[0]["attempts"] > 0
    )
    deliverer.close()

    assert receiver.connections == 0
    assert "not public" in str(hooks.sent(alice, webhook_id)[0]["error"])


def test_unsettled_delivery_is_sent_after_the_next_start(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    released = threading.Event()
    receiver.reply(hanging(released), Reply())
    webhook_id = hooks.register(alice, receiver)
    with hooks.delivering():
        hooks.happen(alice)
        hooks.wait_until(lambda: len(receiver.requests) == 1)
    released.set()
    assert hooks.sent(alice, webhook_id)[0]["state"] == "PENDING"

    make_due(hooks)
    with hooks.delivering():
        hooks.wait_until(lambda: hooks.sent(alice, webhook_id)[0]["state"] == "DELIVERED")
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_delivery_can_be_replayed(hooks: Webhooks, alice: User, bob: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver)
    with hooks.delivering() as deliverer:
        hooks.happen(alice)
        hooks.wait_until(lambda: hooks.sent(alice, webhook_id) != [])
        hooks.wait_until(lambda: hooks.sent(alice, webhook_id)[0]["state"] == "DELIVERED")
        [delivery] = hooks.sent(alice, webhook_id)
        again = hooks.history.replay(alice, webhook_id, delivery["id"])
        assert (again["state"], again["attempts"]) == ("PENDING", 0)
        deliverer.wake()
        first, second = receiver.wait_for(2)

    assert first == second
    with pytest.raises(NotFound):
        hooks.history.replay(bob, webhook_id, delivery["id"])
    with pytest.raises(NotFound):
        hooks.history.replay(alice, webhook_id, "another")


def test_test_message_is_about_no_job_and_verifies(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver, events=["job_failed"])

    delivery = hooks.history.test(alice, webhook_id)
    with hooks.delivering():
        [message] = receiver.wait_for(1)

    assert hooks.wakes
    assert (delivery["event"], delivery["event_id"]) == ("test", None)
    assert (message["event"], message["id"], message["job"]) == ("test", webhook_id, {})
    assert message["msg"] == f"This is a test of webhook '{webhook_id}'"


def test_old_deliveries_are_deleted(hooks: Webhooks, alice: User, receiver: Receiver) -> None:
    webhook_id = hooks.register(alice, receiver)
    hooks.happen(alice)
    hooks.deliveries.take_events()

    assert hooks.deliveries.prune() == 0
    assert hooks.deliveries_by((1,), retention=timedelta(0)).prune() == 1
    assert hooks.sent(alice, webhook_id) == []


def test_secrets_are_stored_encrypted(hooks: Webhooks, alice: User, receiver: Receiver, tmp_path) -> None:
    hooks.register(alice, receiver)

    with closing(sqlite3.connect(tmp_path / "platform.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = (tmp_path / "platform.sqlite").read_bytes()
    assert receiver.secret.removeprefix("whsec_").encode() not in kept
    assert b"receivers-secret" not in kept
