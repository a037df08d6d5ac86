"""Deliveries: which messages there are for which webhooks, when each is tried, and how that went.

Events become deliveries in the transaction that moves on the place up to which events were read: after any crash
none is missing, and none is there twice. A delivery that is claimed is due again a while later, so that one which a
crash interrupted is sent again: whoever receives must bear a message twice, and knows it by its id.
"""

import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from voxel51.server.accounts.tables import users
from voxel51.server.database.database import Database
from voxel51.server.encryption import Cipher
from voxel51.server.events.tables import events
from voxel51.server.webhooks.signing import headers_of
from voxel51.server.webhooks.tables import deliveries, webhook_cursor, webhooks
from voxel51.wire import dates
from voxel51.wire.webhooks import (
    WEBHOOK_EVENTS,
    DeliveryState,
    WebhookMessage,
)

SCHEDULE_SECONDS: Sequence[float] = (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 8 * 3600, 8 * 3600)
"""How long after each failed attempt the next one comes: nine attempts within a day."""

JITTER = 0.2
"""Each pause is longer or shorter by up to this part, so that what failed together is not tried together."""

MOST_FAILURES = 5
"""A webhook with so many failed deliveries in a row is disabled."""

MOST_AT_ONCE = 4
"""Deliveries to one webhook at the same time; while it fails it is one."""

MOST_AT_ONCE_OF_A_HOLDER = 8

_LEASE = timedelta(minutes=2)
"""An attempt that has not ended after this time is lost."""

_BATCH = 200
_GONE = 410

JobRecordLookup = Callable[[str, str], Mapping[str, Any]]
"""The record of a job by the id of its owner and its own; empty where it is gone."""


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that is to be tried now. ``url`` and ``keys`` are sealed, the newest key first."""

    id: str
    webhook_id: str
    holder_id: str
    url: str
    keys: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """How an attempt went: the ``status`` of the answer where there was one, and what was wrong, if anything."""

    status: int | None
    error: str | None


class DeliveryService:
    """Makes deliveries of events, hands them out when they are due, and keeps how they went."""

    def __init__(
        self,
        database: Database,
        record: JobRecordLookup,
        kept: timedelta,
        schedule_seconds: Sequence[float] = SCHEDULE_SECONDS,
    ) -> None:
        self._database = database
        self._record = record
        self._kept = kept
        self._schedule_seconds = schedule_seconds

    def take_events(self) -> int:
        """Make deliveries of the next events that were not read yet; returns how many events there were."""
        with self._database.read() as connection:
            if not _unread(connection, _position(connection), limit=1):
                return 0
        with self._database.write() as connection:
            position = _position(connection)
            rows = _unread(connection, position, _BATCH)
            if not rows:
                return 0
            moved = (
                update(webhook_cursor)
                .where(webhook_cursor.c.last_event_id == position)
                .values(last_event_id=rows[-1].id)
            )
            if connection.execute(moved).rowcount == 1:  # else another process read them
                made = [delivery for row in rows for delivery in self._deliveries_of(connection, row)]
                if made:
                    connection.execute(insert(deliveries), made)
        return len(rows)

    def _deliveries_of(self, connection: Connection, event: Row[Any]) -> Iterable[dict[str, Any]]:
        if event.name not in WEBHOOK_EVENTS:
            return
        holder = webhooks.c.user_id == event.owner_id
        if event.application_id is not None:  # comparing with None would find everybody else's
            holder |= webhooks.c.application_id == event.application_id
        statement = select(webhooks.c.id, webhooks.c.events)
        chosen = webhooks.c.enabled.is_(True) & (webhooks.c.upload_date <= event.date) & holder
        body = None
        for row in connection.execute(statement.where(chosen)).all():
            if row.events is None or event.name in row.events:
                body = body or self._message_of(event)
                yield new_delivery(row.id, event.id, event.name, body)

    def _message_of(self, event: Row[Any]) -> WebhookMessage:
        job = {"id": event.job_id, **(event.document or {}), **self._record(event.owner_id, event.job_id)}
        date = dates.to_text(event.date)
        return {"id": str(event.id), "event": event.name, "date": date, "username": event.username, "msg": job}

    def claim(self, busy: Counter[str], limit: int) -> list[ClaimedDelivery]:
        """Up to ``limit`` deliveries that are due, each webhook's and each holder's share bounded.

        ``busy`` counts what is under way by the ids of webhooks and of their holders; it is not changed.
        """
        due = (deliveries.c.state == DeliveryState.PENDING.value) & (deliveries.c.next_attempt_date <= dates.now())
        waiting = (
            select(webhooks)
            .join(deliveries, deliveries.c.webhook_id == webhooks.c.id)
            .where(due, webhooks.c.enabled.is_(True))
            .group_by(webhooks.c.id)
            .order_by(func.min(deliveries.c.next_attempt_date))
        )
        with self._database.read() as connection:
            waiting_rows = connection.execute(waiting).all()
        if not waiting_rows or limit <= 0:
            return []
        claimed: list[ClaimedDelivery] = []
        counts = busy.copy()
        with self._database.write(durable=False) as connection:
            for webhook in waiting_rows:
                share = min(_share(webhook, counts), limit - len(claimed))
                chosen = due & (deliveries.c.webhook_id == webhook.id)
                statement = select(deliveries).where(chosen).order_by(deliveries.c.next_attempt_date).limit(share)
                for row in connection.execute(statement).all() if share > 0 else ():
                    claimed.append(_claimed(webhook, row))
                    counts.update([webhook.id, _holder_of(webhook)])
            ids = [one.id for one in claimed]
            lease = update(deliveries).where(deliveries.c.id.in_(ids)).values(next_attempt_date=dates.now() + _LEASE)
            connection.execute(lease)
        return claimed

    def settle(self, claimed: ClaimedDelivery, result: DeliveryResult) -> None:
        """Keep how an attempt went, and decide what follows from it."""
        with self._database.write() as connection:
            attempts = deliveries.c.attempts
            done = connection.execute(select(attempts).where(deliveries.c.id == claimed.id)).scalar()
            if done is None:
                return  # its webhook was deleted meanwhile
            values: dict[str, Any] = {
                "attempts": done + 1,
                "last_attempt_date": dates.now(),
                "last_status": result.status,
                "error": result.error,
                **self._follows(done, result),
            }
            connection.execute(update(deliveries).where(deliveries.c.id == claimed.id).values(values))
            if values["state"] == DeliveryState.DELIVERED.value:
                chosen = (webhooks.c.id == claimed.webhook_id) & (webhooks.c.failures > 0)
                connection.execute(update(webhooks).where(chosen).values(failures=0))
            elif values["state"] == DeliveryState.FAILED.value:
                _count_failure(connection, claimed.webhook_id, result)

    def _follows(self, done: int, result: DeliveryResult) -> dict[str, Any]:
        if result.error is None:
            return {"state": DeliveryState.DELIVERED.value, "next_attempt_date": None}
        if done >= len(self._schedule_seconds) or result.status == _GONE:
            return {"state": DeliveryState.FAILED.value, "next_attempt_date": None}
        pause = self._schedule_seconds[done] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  (no secret)
        return {"state": DeliveryState.PENDING.value, "next_attempt_date": dates.now() + timedelta(seconds=pause)}

    def prune(self) -> int:
        """Forget deliveries whose time is over and that wait for nothing; returns how many."""
        over = deliveries.c.upload_date < dates.now() - self._kept
        with self._database.write() as connection:
            return connection.execute(delete(deliveries).where(over)).rowcount


def request_of(claimed: ClaimedDelivery, cipher: Cipher) -> tuple[str, dict[str, str], bytes]:
    """URL, headers and body with which a delivery is sent now.

    Raises:
        DecryptionError: the platform's key was replaced since the webhook was registered.
    """
    keys = [cipher.decrypt(key) for key in claimed.keys]
    headers = headers_of(claimed.id, int(time.time()), claimed.body, keys)
    return cipher.decrypt(claimed.url), {"Content-Type": "application/json", **headers}, claimed.body


def _position(connection: Connection) -> int:
    position: int = connection.execute(select(webhook_cursor.c.last_event_id)).scalar_one()
    return position


def _unread(connection: Connection, position: int, limit: int) -> Sequence[Row[Any]]:
    statement = (
        select(events, users.c.name.label("username"), users.c.application_id)
        .join(users, users.c.id == events.c.owner_id)
        .where(events.c.id > position)
        .order_by(events.c.id)
        .limit(limit)
    )
    return connection.execute(statement).all()


def new_delivery(webhook_id: str, event_id: int | None, event: str, message: WebhookMessage) -> dict[str, Any]:
    """The row of a message that is due at once."""
    now: datetime = dates.now()
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


def _share(webhook: Row[Any], counts: Counter[str]) -> int:
    own = (1 if webhook.failures else MOST_AT_ONCE) - counts[webhook.id]
    return min(own, MOST_AT_ONCE_OF_A_HOLDER - counts[_holder_of(webhook)])


def _holder_of(webhook: Row[Any]) -> str:
    holder: str = webhook.user_id or webhook.application_id
    return holder


def _claimed(webhook: Row[Any], row: Row[Any]) -> ClaimedDelivery:
    keys = [webhook.secret]
    if webhook.previous_secret is not None and webhook.previous_secret_until > dates.now():
        keys.append(webhook.previous_secret)
    return ClaimedDelivery(row.id, webhook.id, _holder_of(webhook), webhook.url, tuple(keys), row.body.encode())


def _count_failure(connection: Connection, webhook_id: str, result: DeliveryResult) -> None:
    chosen = webhooks.c.id == webhook_id
    connection.execute(update(webhooks).where(chosen).values(failures=webhooks.c.failures + 1))
    failures = connection.execute(select(webhooks.c.failures).where(chosen)).scalar_one()
    reason = None
    if result.status == _GONE:
        reason = "It answered 410: it wants no more messages"
    elif failures >= MOST_FAILURES:
        reason = f"{failures} deliveries in a row failed; the last time: {result.error}"
    if reason is not None:
        connection.execute(update(webhooks).where(chosen).values(enabled=False, disabled_reason=reason))
