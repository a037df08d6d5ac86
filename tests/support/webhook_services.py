"""Webhook services: the services behind webhooks on a real database, with events that a test writes, without HTTP."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from sqlalchemy import insert

from support.waiting import LIMIT_SECONDS
from support.webhook_receivers import Receiver
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import Caller, User
from voxel51.server.accounts.service import AccountService
from voxel51.server.database.database import Database
from voxel51.server.database.search import Query
from voxel51.server.encryption import Cipher
from voxel51.server.events.tables import events
from voxel51.server.outbound.guard import Guard
from voxel51.server.webhooks.deliverer import Deliverer
from voxel51.server.webhooks.deliveries import DeliveryService
from voxel51.server.webhooks.history import DeliveryHistoryService
from voxel51.server.webhooks.service import WebhookService
from voxel51.wire import dates
from voxel51.wire.webhooks import Delivery, NewWebhook

QUICK_SECONDS = (0.01, 0.01, 0.01)


@dataclass
class Webhooks:
    """The services that a test of webhooks needs. ``records`` are the job records by job id."""

    database: Database
    guard: Guard = field(default_factory=lambda: Guard(["127.0.0.1"]))
    cipher: Cipher = field(default_factory=lambda: Cipher(b"k" * 32, "webhooks"))
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    wakes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = AccountService(self.database)
        self.applications = ApplicationService(self.database)
        self.service = WebhookService(self.database, self.guard, self.cipher, self._wake)
        self.history = DeliveryHistoryService(self.database, self._wake)
        self.deliveries = self.deliveries_by(QUICK_SECONDS)

    def _wake(self) -> None:
        self.wakes.append("wake")

    def deliveries_by(
        self, schedule_seconds: tuple[float, ...], retention: timedelta = timedelta(days=1)
    ) -> DeliveryService:
        def record(_owner_id: str, job_id: str) -> dict[str, Any]:
            return self.records.get(job_id, {})

        return DeliveryService(self.database, record, retention, schedule_seconds)

    def register(self, caller: Caller, receiver: Receiver, **described: Any) -> str:
        new: NewWebhook = {"url": f"{receiver.url}/hook?token=receivers-secret", **described}  # type: ignore[typeddict-item]
        webhook, receiver.secret = self.service.add(caller, new)
        return webhook["id"]

    def happen(self, owner: User, name: str = "job_complete", job_id: str = "j", **document: Any) -> None:
        """Write an event."""
        row = {"owner_id": owner.id, "job_id": job_id, "name": name, "date": dates.now(), "document": document}
        with self.database.write() as connection:
            connection.execute(insert(events).values(row))

    @contextmanager
    def delivering(self, deliveries: DeliveryService | None = None) -> Iterator[Deliverer]:
        """Run a deliverer inside the block. It polls often, since `happen` does not wake it."""
        deliverer = Deliverer(deliveries or self.deliveries, self.guard, self.cipher)
        with patch("voxel51.server.webhooks.deliverer._POLL_INTERVAL_SECONDS", 0.02):
            deliverer.open()
            try:
                yield deliverer
            finally:
                deliverer.close()

    def sent(self, caller: Caller, webhook_id: str) -> list[Delivery]:
        """Return the deliveries of a webhook, the oldest first."""
        query = Query(sort=("event_id", False))
        return self.history.query(caller, webhook_id, query)["deliveries"]

    def wait_until(self, holds: Callable[[], bool], limit_seconds: float = LIMIT_SECONDS) -> None:
        deadline = time.monotonic() + limit_seconds
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def claim(self) -> list[Any]:
        self.deliveries.take_events()
        return self.deliveries.claim(Counter(), 100)
