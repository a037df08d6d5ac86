"""Webhooks: register, list, change and delete them, and rotate their secrets."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, select, update

from voxel51.server.accounts.callers import Application, Caller
from voxel51.server.database.database import Database
from voxel51.server.encryption import Cipher, DecryptionError
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.events.tables import events
from voxel51.server.outbound.guard import Guard
from voxel51.server.webhooks.signing import new_secret
from voxel51.server.webhooks.tables import webhooks
from voxel51.wire import dates
from voxel51.wire.webhooks import WEBHOOK_EVENTS, NewWebhook, Webhook, WebhookChange, WebhookList

MAX_WEBHOOKS = 50
"""Number of webhooks that each caller may have."""

OLD_SECRET_LIFETIME = timedelta(hours=24)
"""Time in which messages are signed with the old secret too, so that receivers can be changed one by one."""

_MAX_DESCRIPTION_LENGTH = 255


class WebhookService:
    """Webhooks of users and applications. Every method sees only what belongs to the given caller.

    ``wake`` is called when there may be something to deliver.
    """

    def __init__(self, database: Database, guard: Guard, cipher: Cipher, wake: Callable[[], None]) -> None:
        self._database = database
        self._guard = guard
        self._cipher = cipher
        self._wake = wake

    def check_url(self, url: str) -> None:
        """Raise an error unless the platform may send to the URL. Resolves the host, so it may block for long.

        Raises:
            BadRequest: the platform does not send to this URL.
        """
        self._guard.check(url)

    def add(self, caller: Caller, described: NewWebhook) -> tuple[Webhook, str]:
        """Create a webhook; return it with its secret, which is not shown again.

        Raises:
            BadRequest: an event is unknown, the description is too long, or the caller has too many webhooks.
        """
        secret = new_secret()
        row = {
            "id": str(uuid.uuid4()),
            **_owner_column(caller),
            "url": self._cipher.encrypt(described["url"]),
            "description": _description(described.get("description")),
            "events": _events(described.get("events")),
            "secret": self._cipher.encrypt(secret),
            "enabled": True,
            "failures": 0,
            "upload_date": dates.now(),
        }
        with self._database.write() as connection:
            count = connection.execute(select(func.count()).select_from(webhooks).where(owned_by(caller))).scalar_one()
            if count >= MAX_WEBHOOKS:
                raise BadRequest(f"You have {count} webhooks, which is the limit. Delete one.")
            newest_event = select(func.coalesce(func.max(events.c.id), 0)).scalar_subquery()
            connection.execute(insert(webhooks).values({**row, "after_event_id": newest_event}))
        return self.details(caller, str(row["id"])), secret

    def all(self, caller: Caller) -> WebhookList:
        """Return the caller's webhooks, the oldest first."""
        statement = select(webhooks).where(owned_by(caller)).order_by(webhooks.c.upload_date, webhooks.c.id)
        with self._database.read() as connection:
            rows = connection.execute(statement).mappings().all()
        return {"webhooks": [self._to_wire(row) for row in rows]}

    def details(self, caller: Caller, webhook_id: str) -> Webhook:
        """Return a webhook.

        Raises:
            NotFound: the caller has no such webhook.
        """
        with self._database.read() as connection:
            row = connection.execute(select(webhooks).where(_one(caller, webhook_id))).mappings().first()
        if row is None:
            raise NotFound(f"Webhook '{webhook_id}' not found; it may belong to another user")
        return self._to_wire(row)

    def change(self, caller: Caller, webhook_id: str, change: WebhookChange) -> Webhook:
        """Change the named fields. Enabling a webhook resets its failures, and sends the deliveries that wait for it.

        Raises:
            NotFound: the caller has no such webhook.
            BadRequest: an event is unknown, or the description is too long.
        """
        self.details(caller, webhook_id)
        values: dict[str, object] = {}
        if "url" in change:
            values["url"] = self._cipher.encrypt(change["url"])
        if "events" in change:
            values["events"] = _events(change["events"])
        if "description" in change:
            values["description"] = _description(change["description"])
        if "enabled" in change:
            values |= {"enabled": change["enabled"], "disabled_reason": None, "failures": 0}
        if values:
            with self._database.write() as connection:
                connection.execute(update(webhooks).where(_one(caller, webhook_id)).values(values))
            self._database.after_commit(self._wake)
        return self.details(caller, webhook_id)

    def delete(self, caller: Caller, webhook_id: str) -> None:
        """Delete a webhook and all its deliveries.

        Raises:
            NotFound: the caller has no such webhook.
        """
        self.details(caller, webhook_id)
        with self._database.write() as connection:
            connection.execute(delete(webhooks).where(_one(caller, webhook_id)))

    def rotate_secret(self, caller: Caller, webhook_id: str) -> str:
        """Replace the secret; return the new one. Messages are signed with the old one too for `OLD_SECRET_LIFETIME`.

        Raises:
            NotFound: the caller has no such webhook.
        """
        self.details(caller, webhook_id)
        secret = new_secret()
        values = {
            "previous_secret": webhooks.c.secret,
            "previous_secret_until": dates.now() + OLD_SECRET_LIFETIME,
            "secret": self._cipher.encrypt(secret),
        }
        with self._database.write() as connection:
            connection.execute(update(webhooks).where(_one(caller, webhook_id)).values(values))
        return secret

    def _to_wire(self, row: RowMapping) -> Webhook:
        try:
            url = self._cipher.decrypt(row["url"])
        except DecryptionError:
            url = ""
        return {
            "id": row["id"],
            "url": url,
            "description": row["description"],
            "events": list(WEBHOOK_EVENTS) if row["events"] is None else row["events"],
            "enabled": row["enabled"],
            "disabled_reason": row["disabled_reason"],
            "failures": row["failures"],
            "upload_date": dates.to_text(row["upload_date"]),
        }


def owned_by(caller: Caller) -> ColumnElement[bool]:
    """Return the condition that selects the caller's webhooks."""
    column = webhooks.c.application_id if isinstance(caller, Application) else webhooks.c.user_id
    return column == caller.id


def _one(caller: Caller, webhook_id: str) -> ColumnElement[bool]:
    return owned_by(caller) & (webhooks.c.id == webhook_id)


def _owner_column(caller: Caller) -> dict[str, str]:
    return {"application_id" if isinstance(caller, Application) else "user_id": caller.id}


def _events(events: list[str] | None) -> list[str] | None:
    if events is None:
        return None
    unknown = [event for event in events if event not in WEBHOOK_EVENTS]
    if unknown or not events:
        raise BadRequest(f"events must name some of {', '.join(WEBHOOK_EVENTS)}, not {unknown!r:.100}")
    return list(dict.fromkeys(events))


def _description(description: str | None) -> str:
    if description and len(description) > _MAX_DESCRIPTION_LENGTH:
        raise BadRequest(f"The description has {len(description)} characters; the limit is {_MAX_DESCRIPTION_LENGTH}")
    return (description or "").encode("utf-8", "replace").decode()
