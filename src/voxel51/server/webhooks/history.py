"""Delivery history of webhooks: list deliveries, send test messages, and send deliveries again."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, update

from voxel51.server.accounts.callers import Caller
from voxel51.server.database.database import Database
from voxel51.server.database.listing import run
from voxel51.server.database.search import Listing, Query
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.webhooks.deliveries import new_delivery
from voxel51.server.webhooks.messages import message_of_test
from voxel51.server.webhooks.service import owned_by
from voxel51.server.webhooks.tables import deliveries, webhooks
from voxel51.wire import dates
from voxel51.wire.webhooks import TEST_EVENT, Delivery, DeliveryList, DeliveryState

LISTING = Listing(
    columns={
        name: deliveries.c[name]
        for name in ("id", "event", "event_id", "state", "attempts", "upload_date", "last_attempt_date", "last_status",
                     "error", "next_attempt_date")
    },
    texts=frozenset({"id", "event", "state"}),
    flags=frozenset(),
    identity=deliveries.c.id,
)  # fmt: skip

_DATES = ("upload_date", "last_attempt_date", "next_attempt_date")


class DeliveryHistoryService:
    """Deliveries, for the owners of the webhooks. ``wake`` is called when there is one more to send."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake

    def query(self, caller: Caller, webhook_id: str, query: Query) -> DeliveryList:
        """Return the deliveries to a webhook, the newest first.

        Raises:
            NotFound: the caller has no such webhook.
        """
        with self._database.read() as connection:
            _find_webhook(connection, caller, webhook_id)
            page = run(connection, LISTING, query, [deliveries.c.webhook_id == webhook_id])
        records = [_to_wire(record) for record in page.records]
        return {"deliveries": records, **page.totals()}

    def test(self, caller: Caller, webhook_id: str) -> Delivery:
        """Send a test message, in the same way as any other.

        Raises:
            NotFound: the caller has no such webhook.
            BadRequest: the webhook is disabled.
        """
        row = new_delivery(webhook_id, None, TEST_EVENT, message_of_test(webhook_id, caller))
        with self._database.write() as connection:
            _check_enabled(_find_webhook(connection, caller, webhook_id))
            connection.execute(insert(deliveries).values(row))
        self._database.after_commit(self._wake)
        return self._details(webhook_id, str(row["id"]))

    def replay(self, caller: Caller, webhook_id: str, delivery_id: str) -> Delivery:
        """Send a delivery again, or at once if it waits for a retry, with all its retries ahead.

        Raises:
            NotFound: the caller has no such webhook, or the webhook no such delivery.
            BadRequest: the webhook is disabled.
        """
        chosen = (deliveries.c.id == delivery_id) & (deliveries.c.webhook_id == webhook_id)
        values = {"state": DeliveryState.PENDING.value, "attempts": 0, "next_attempt_date": dates.now(), "error": None}
        with self._database.write() as connection:
            webhook = _find_webhook(connection, caller, webhook_id)
            if connection.execute(select(deliveries.c.id).where(chosen)).first() is None:
                raise NotFound(f"Delivery '{delivery_id}' not found; old deliveries are deleted")
            _check_enabled(webhook)
            connection.execute(update(deliveries).where(chosen).values(values))
        self._database.after_commit(self._wake)
        return self._details(webhook_id, delivery_id)

    def _details(self, webhook_id: str, delivery_id: str) -> Delivery:
        chosen = (deliveries.c.id == delivery_id) & (deliveries.c.webhook_id == webhook_id)
        with self._database.read() as connection:
            row = connection.execute(select(*LISTING.columns.values()).where(chosen)).mappings().one()
        return _to_wire(dict(row))


def _find_webhook(connection: Connection, caller: Caller, webhook_id: str) -> RowMapping:
    row = connection.execute(select(webhooks).where(owned_by(caller), webhooks.c.id == webhook_id)).mappings().first()
    if row is None:
        raise NotFound(f"Webhook '{webhook_id}' not found; it may belong to another user")
    return row


def _check_enabled(webhook: RowMapping) -> None:
    if not webhook["enabled"]:
        raise BadRequest(f"Webhook '{webhook['id']}' is disabled. Enable it before you send messages to it.")


def _to_wire(record: dict[str, object]) -> Delivery:
    for field in _DATES:
        moment = record.get(field)
        if isinstance(moment, datetime):
            record[field] = dates.to_text(moment)
    return record  # type: ignore[return-value]  # the keys are those of LISTING
