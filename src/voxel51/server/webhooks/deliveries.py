"""Webhook deliveries: which message goes to which webhook, when it is tried, and what followed.

The events table is the outbox. Events become deliveries in the transaction that advances the cursor up to which events
were read, so after any crash no delivery is missing and none exists twice. A claimed delivery is due again when its
lease ends, so one that a crash interrupted is sent again. Receivers may therefore get a message twice, and recognize it
by its id.
"""

import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, or_, select, update

from voxel51.server.accounts.tables import users
from voxel51.server.database.database import Database
from voxel51.server.encryption import Cipher
from voxel51.server.events.tables import events
from voxel51.server.webhooks.messages import message_of
from voxel51.server.webhooks.signing import headers_of
from voxel51.server.webhooks.tables import deliveries, webhook_cursor, webhooks
from voxel51.wire import dates
from voxel51.wire.events import NO_JOB
from voxel51.wire.webhooks import WEBHOOK_EVENTS, DeliveryState, WebhookMessage

RETRY_SCHEDULE_SECONDS: Sequence[float] = (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 8 * 3600, 8 * 3600)
"""Pauses after each failed attempt: nine attempts within a day.

A documented schedule instead of a `voxel51.wire.backoff.Backoff`: receivers plan their downtime by it.
"""

JITTER = 0.2
"""Part by which each pause is longer or shorter at random, so that what failed together is not retried together."""

MAX_FAILURES = 5
"""Number of consecutive failed deliveries after which a webhook is disabled."""

MAX_CONCURRENT_PER_WEBHOOK = 4
"""Limit of concurrent deliveries to one webhook; while the webhook fails it is one."""

MAX_CONCURRENT_PER_OWNER = 8

_LEASE = timedelta(minutes=2)
"""Time after which an attempt that was not settled counts as lost."""

_BATCH_SIZE = 200
_GONE = 410

JobRecordLookup = Callable[[str, str], Mapping[str, object]]
"""Function from an owner id and a job id to the record of the job; empty if the job was deleted."""


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that is to be sent now. ``url`` and ``keys`` are encrypted; the newest key is first."""

    id: str
    webhook_id: str
    owner_id: str
    url: str
    keys: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Result of an attempt: the ``status`` of the answer, if there was one, and the error, if it failed."""

    status: int | None
    error: str | None


class DeliveryService:
    """Makes deliveries of events, hands out those that are due, and records their results.

    Args:
        database: database of the events and webhooks.
        record: looks up the job that a message is about.
        retention: time after which deliveries are deleted.
        schedule_seconds: pause after each failed attempt; after the last one the delivery fails.
    """

    def __init__(
        self,
        database: Database,
        record: JobRecordLookup,
        retention: timedelta,
        schedule_seconds: Sequence[float] = RETRY_SCHEDULE_SECONDS,
    ) -> None:
        self._database = database
        self._record = record
        self._retention = retention
        self._schedule_seconds = schedule_seconds

    def is_anything_due(self) -> bool:
        """Return whether there are unread events or due deliveries, by one statement: it is asked each second."""
        cursor = select(webhook_cursor.c.last_event_id).scalar_subquery()
        unread = select(events.c.id).where(events.c.id > cursor)
        due = select(deliveries.c.id).where(deliveries.c.state == DeliveryState.PENDING.value, self._is_due())
        with self._database.read() as connection:
            return bool(connection.execute(select(or_(unread.exists(), due.exists()))).scalar())

    def take_events(self) -> int:
        """Turn the next batch of unread events into deliveries; return how many events there were."""
        with self._database.write() as connection:
            cursor = _cursor(connection)
            rows = _unread(connection, cursor)
            if not rows:
                return 0
            # Compare and set: if another process has advanced the cursor meanwhile, it made these deliveries.
            moved = (
                update(webhook_cursor)
                .where(webhook_cursor.c.last_event_id == cursor)
                .values(last_event_id=rows[-1]["id"])
            )
            if connection.execute(moved).rowcount == 1:
                enabled = _enabled_webhooks(connection, rows)
                made = [delivery for row in rows for delivery in self._deliveries_of(row, enabled)] if enabled else []
                if made:
                    connection.execute(insert(deliveries), made)
        return len(rows)

    def _deliveries_of(self, event: RowMapping, enabled: Sequence[RowMapping]) -> Iterable[dict[str, object]]:
        """Yield the deliveries of one event to those of the ``enabled`` webhooks that want it."""
        body = None
        for webhook in enabled:
            if _wants(webhook, event):
                body = body or message_of(event, self._record_of(event))
                yield new_delivery(webhook["id"], event["id"], event["name"], body)

    def _record_of(self, event: RowMapping) -> Mapping[str, object]:
        return {} if event["job_id"] == NO_JOB else self._record(event["owner_id"], event["job_id"])

    def claim(self, busy: Counter[str], limit: int) -> list[ClaimedDelivery]:
        """Claim up to ``limit`` due deliveries, within the concurrency limits of each webhook and each owner.

        ``busy`` counts the running attempts by the ids of webhooks and of their owners; it is not changed.
        """
        due = (deliveries.c.state == DeliveryState.PENDING.value) & self._is_due()
        waiting = (
            select(webhooks)
            .join(deliveries, deliveries.c.webhook_id == webhooks.c.id)
            .where(due, webhooks.c.enabled.is_(True))
            .group_by(webhooks.c.id)
            .order_by(func.min(deliveries.c.next_attempt_date))
        )
        with self._database.read() as connection:
            waiting_rows = connection.execute(waiting).mappings().all()
        if not waiting_rows or limit <= 0:
            return []
        claimed: list[ClaimedDelivery] = []
        counts = busy.copy()
        with self._database.write(durable=False) as connection:
            for webhook in waiting_rows:
                share = min(_available(webhook, counts), limit - len(claimed))
                chosen = due & (deliveries.c.webhook_id == webhook["id"])
                statement = select(deliveries).where(chosen).order_by(deliveries.c.next_attempt_date).limit(share)
                for row in connection.execute(statement).mappings().all() if share > 0 else ():
                    claimed.append(_claimed(webhook, row))
                    counts.update([webhook["id"], _owner_of(webhook)])
            # The lease: the delivery is due again at its end unless it is settled before.
            ids = [each.id for each in claimed]
            lease = update(deliveries).where(deliveries.c.id.in_(ids)).values(next_attempt_date=dates.now() + _LEASE)
            connection.execute(lease)
        return claimed

    def _is_due(self) -> ColumnElement[bool]:
        """Return the condition that a pending delivery is to be sent now.

        Dates that lie further ahead than any pause were written before the clock was set back, and count as past.
        """
        now, next_attempt_date = dates.now(), deliveries.c.next_attempt_date
        longest = timedelta(seconds=max(self._schedule_seconds, default=0) * (1 + JITTER)) + _LEASE
        is_new = deliveries.c.attempts == 0
        return or_(
            next_attempt_date <= now, next_attempt_date > now + longest, is_new & (next_attempt_date > now + _LEASE)
        )

    def settle(self, claimed: ClaimedDelivery, result: DeliveryResult) -> None:
        """Record the result of an attempt, and schedule the next attempt or end the delivery."""
        with self._database.write() as connection:
            attempts = deliveries.c.attempts
            done = connection.execute(select(attempts).where(deliveries.c.id == claimed.id)).scalar()
            if done is None:
                return  # its webhook was deleted meanwhile
            state, next_attempt_date = self._next_attempt(done, result)
            values = {
                "attempts": done + 1,
                "last_attempt_date": dates.now(),
                "last_status": result.status,
                "error": result.error,
                "state": state.value,
                "next_attempt_date": next_attempt_date,
            }
            connection.execute(update(deliveries).where(deliveries.c.id == claimed.id).values(values))
            if state is DeliveryState.DELIVERED:
                chosen = (webhooks.c.id == claimed.webhook_id) & (webhooks.c.failures > 0)
                connection.execute(update(webhooks).where(chosen).values(failures=0))
            elif state is DeliveryState.FAILED:
                _count_failure(connection, claimed.webhook_id, result)

    def _next_attempt(self, done: int, result: DeliveryResult) -> tuple[DeliveryState, datetime | None]:
        if result.error is None:
            return DeliveryState.DELIVERED, None
        if done >= len(self._schedule_seconds) or result.status == _GONE:
            return DeliveryState.FAILED, None
        pause = self._schedule_seconds[done] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  (not a secret)
        return DeliveryState.PENDING, dates.now() + timedelta(seconds=pause)

    def prune(self) -> int:
        """Delete old deliveries; return how many."""
        over = deliveries.c.upload_date < dates.now() - self._retention
        with self._database.write() as connection:
            return connection.execute(delete(deliveries).where(over)).rowcount


def request_of(claimed: ClaimedDelivery, cipher: Cipher) -> tuple[str, dict[str, str], bytes]:
    """Return URL, headers and body of the request that sends a delivery now.

    Raises:
        DecryptionError: the platform's key was replaced since the webhook was registered.
    """
    keys = [cipher.decrypt(key) for key in claimed.keys]
    headers = headers_of(claimed.id, int(time.time()), claimed.body, keys)
    return cipher.decrypt(claimed.url), {"Content-Type": "application/json", **headers}, claimed.body


def _cursor(connection: Connection) -> int:
    cursor: int = connection.execute(select(webhook_cursor.c.last_event_id)).scalar_one()
    return cursor


def _unread(connection: Connection, cursor: int) -> Sequence[RowMapping]:
    statement = (
        select(events, users.c.name.label("username"), users.c.application_id)
        .join(users, users.c.id == events.c.owner_id)
        .where(events.c.id > cursor)
        .order_by(events.c.id)
        .limit(_BATCH_SIZE)
    )
    return connection.execute(statement).mappings().all()


def _enabled_webhooks(connection: Connection, rows: Sequence[RowMapping]) -> Sequence[RowMapping]:
    """Return the enabled webhooks of the users and applications of the events ``rows``."""
    of_users = webhooks.c.user_id.in_({row["owner_id"] for row in rows})
    of_applications = webhooks.c.application_id.in_({row["application_id"] for row in rows} - {None})
    columns = select(
        webhooks.c.id, webhooks.c.user_id, webhooks.c.application_id, webhooks.c.events, webhooks.c.after_event_id
    )
    chosen = webhooks.c.enabled.is_(True) & (of_users | of_applications)
    return connection.execute(columns.where(chosen)).mappings().all()


def _wants(webhook: RowMapping, event: RowMapping) -> bool:
    """Return whether an event is of the holder of the webhook, newer than the webhook, and one that it selects."""
    is_of_holder = webhook["user_id"] == event["owner_id"]
    if webhook["application_id"] is not None:
        is_of_holder = webhook["application_id"] == event["application_id"]
    selected = WEBHOOK_EVENTS if webhook["events"] is None else webhook["events"]
    is_selected = event["name"] in WEBHOOK_EVENTS and event["name"] in selected
    return is_of_holder and is_selected and webhook["after_event_id"] < event["id"]


def new_delivery(webhook_id: str, event_id: int | None, event: str, message: WebhookMessage) -> dict[str, object]:
    """Return the row of a delivery that is due at once."""
    now = dates.now()
    return {
        "id": str(uuid.uuid4()),
        "webhook_id": webhook_id,
        "event_id": event_id,
        "event": event,
        "body": json.dumps(message),
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "upload_date": now,
        "next_attempt_date": now,
    }


def _available(webhook: RowMapping, counts: Counter[str]) -> int:
    """Return how many more attempts for this webhook may run."""
    of_webhook = (1 if webhook["failures"] else MAX_CONCURRENT_PER_WEBHOOK) - counts[webhook["id"]]
    return min(of_webhook, MAX_CONCURRENT_PER_OWNER - counts[_owner_of(webhook)])


def _owner_of(webhook: RowMapping) -> str:
    owner_id: str = webhook["user_id"] or webhook["application_id"]
    return owner_id


def _claimed(webhook: RowMapping, row: RowMapping) -> ClaimedDelivery:
    keys = [webhook["secret"]]
    if webhook["previous_secret"] is not None and webhook["previous_secret_until"] > dates.now():
        keys.append(webhook["previous_secret"])
    return ClaimedDelivery(
        row["id"], webhook["id"], _owner_of(webhook), webhook["url"], tuple(keys), row["body"].encode()
    )


def _count_failure(connection: Connection, webhook_id: str, result: DeliveryResult) -> None:
    chosen = webhooks.c.id == webhook_id
    connection.execute(update(webhooks).where(chosen).values(failures=webhooks.c.failures + 1))
    failures = connection.execute(select(webhooks.c.failures).where(chosen)).scalar_one()
    reason = None
    if result.status == _GONE:
        reason = "The receiver answered 410: it wants no more messages"
    elif failures >= MAX_FAILURES:
        reason = f"{failures} consecutive deliveries failed. The last error: {result.error}"
    if reason is not None:
        connection.execute(update(webhooks).where(chosen).values(enabled=False, disabled_reason=reason))
