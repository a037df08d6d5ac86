"""Secrets: store them encrypted, grant them to analytics, and find those that a job may use."""

import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from voxel51.server.accounts.callers import Application, Caller, User
from voxel51.server.accounts.tables import users
from voxel51.server.analytics.service import owner_of_name
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.encryption import Cipher, DecryptionError
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.secrets.tables import grants, secrets
from voxel51.wire import dates
from voxel51.wire.secrets import MAX_SECRET_LENGTH, Secret, SecretChange, SecretList

MAX_SECRETS = 100
"""Number of secrets that each caller may have."""

MAX_GRANTS = 100
"""Number of analytics that may use one secret."""

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,63}")


class SecretService:
    """Secrets of users and applications. Methods with a caller see only what belongs to them."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    def all(self, caller: Caller) -> SecretList:
        """Return the caller's secrets without their values."""
        with self._database.read() as connection:
            return {"secrets": _records(connection, _held_by(caller))}

    def put(self, caller: Caller, name: str, change: SecretChange) -> Secret:
        """Create or change a secret.

        Raises:
            BadRequest: the name or the value is invalid, a new secret has no value, the caller cannot see one of the
                analytics, or has too many secrets.
        """
        _check(name, change)
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"secrets of {caller.identity}")
            secret_id = self._store(connection, caller, name, change.get("value"))
            if "analytics" in change:
                _grant(connection, caller, secret_id, change["analytics"])
            return _records(connection, secrets.c.id == secret_id)[0]

    def delete(self, caller: Caller, name: str) -> None:
        """Delete a secret. Jobs that run already have it.

        Raises:
            NotFound: the caller has no such secret.
        """
        with self._database.write() as connection:
            gone = connection.execute(delete(secrets).where(_held_by(caller), secrets.c.name == name))
        if gone.rowcount == 0:
            raise NotFound(f"Secret '{name}' not found. List your secrets to see their names.")

    def check_granted(self, user: User, analytic: AnalyticRow) -> None:
        """Raise `BadRequest` unless ``user`` has granted the analytic every secret that its manifest names.

        Raises:
            BadRequest: a secret does not exist or is not granted.
        """
        if not (names := declared_in(analytic)):
            return
        with self._database.read() as connection:
            granted = self._granted(connection, user.id, analytic)
        if missing := [name for name in names if name not in granted]:
            raise BadRequest(
                f"Analytic '{analytic.name}' needs the secret '{missing[0]}', which you have not granted to it. Store "
                f"and grant it: voxel51 secrets set {missing[0]} --analytic {analytic.name}"
            )

    def of_job(self, owner_id: str, analytic: AnalyticRow) -> Mapping[str, str]:
        """Return the values of the secrets that the manifest of an analytic names and a user has granted to it.

        A secret that was deleted, or cannot be decrypted since the platform's key was replaced, is left out.
        """
        if not (names := declared_in(analytic)):
            return {}
        with self._database.read() as connection:
            granted = self._granted(connection, owner_id, analytic)
        values = {name: self._value(granted[name]) for name in names if name in granted}
        return {name: value for name, value in values.items() if value is not None}

    def _store(self, connection: Connection, caller: Caller, name: str, value: str | None) -> str:
        """Create or change a secret, and return its id."""
        now, mine = dates.now(), _held_by(caller)
        found = connection.execute(select(secrets.c.id).where(mine, secrets.c.name == name)).scalar()
        if found is not None:
            if value is not None:
                values = {"value": self._cipher.encrypt(value), "change_date": now}
                connection.execute(update(secrets).where(secrets.c.id == found).values(values))
            return str(found)
        if value is None:
            raise BadRequest(f"Secret '{name}' does not exist, so a value is needed. Send 'value'.")
        count = connection.execute(select(func.count()).select_from(secrets).where(mine)).scalar_one()
        if count >= MAX_SECRETS:
            raise BadRequest(f"You have {count} secrets, which is the limit. Delete one.")
        holder = "application_id" if isinstance(caller, Application) else "user_id"
        row = {holder: caller.id, "name": name, "upload_date": now, "change_date": now}
        secret_id = str(uuid.uuid4())
        connection.execute(insert(secrets).values({**row, "id": secret_id, "value": self._cipher.encrypt(value)}))
        return secret_id

    def _granted(self, connection: Connection, owner_id: str, analytic: AnalyticRow) -> dict[str, str]:
        """Return the encrypted secrets that an analytic may use in jobs of a user, by name.

        Those of the user come before those of the user's application.
        """
        application = select(users.c.application_id).where(users.c.id == owner_id).scalar_subquery()
        of_job = or_(secrets.c.user_id == owner_id, secrets.c.application_id == application)
        to_analytic = and_(grants.c.analytic_owner == analytic.owner, grants.c.analytic_name == analytic.name)
        statement = (
            select(secrets.c.name, secrets.c.value)
            .join(grants, grants.c.secret_id == secrets.c.id)
            .where(of_job, to_analytic)
            .order_by(secrets.c.user_id.is_not(None))  # the user's come last, and so replace the application's
        )
        return {row.name: row.value for row in connection.execute(statement)}

    def _value(self, encrypted: str) -> str | None:
        try:
            return self._cipher.decrypt(encrypted)
        except DecryptionError:
            return None


def declared_in(analytic: AnalyticRow) -> Sequence[str]:
    """Return the names of the secrets that the manifest of an analytic declares."""
    return [*analytic.document.get("extensions", {}).get("secrets", {})]


def _check(name: str, change: SecretChange) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            f"{name!r:.100} is not a valid name of a secret: use 1 to 64 letters, digits and '_', starting with a "
            "letter or '_'"
        )
    value = change.get("value")
    if value is not None and not 0 < len(value) <= MAX_SECRET_LENGTH:
        raise BadRequest(f"The value must have 1 to {MAX_SECRET_LENGTH} characters; it has {len(value)}")
    if value is not None and ("\x00" in value or (not value.isascii() and not _is_text(value))):
        raise BadRequest("The value must be text without null characters and surrogates")
    if len(change.get("analytics", ())) > MAX_GRANTS:
        raise BadRequest(f"A secret can be granted to {MAX_GRANTS} analytics, not to {len(change['analytics'])}")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _grant(connection: Connection, caller: Caller, secret_id: str, names: Sequence[str]) -> None:
    """Replace the analytics that may use a secret."""
    connection.execute(delete(grants).where(grants.c.secret_id == secret_id))
    for name in dict.fromkeys(names):
        owner = owner_of_name(connection, caller, name)
        values = {"secret_id": secret_id, "analytic_owner": owner, "analytic_name": name}
        connection.execute(insert(grants).values(values))


def _records(connection: Connection, chosen: ColumnElement[bool]) -> list[Secret]:
    analytics: dict[str, list[str]] = defaultdict(list)
    granted = select(grants.c.secret_id, grants.c.analytic_name).join(secrets).where(chosen)
    for row in connection.execute(granted.order_by(grants.c.analytic_name)):
        analytics[row.secret_id].append(row.analytic_name)
    return [
        {
            "name": row.name,
            "analytics": analytics[row.id],
            "upload_date": dates.to_text(row.upload_date),
            "change_date": dates.to_text(row.change_date),
        }
        for row in connection.execute(select(secrets).where(chosen).order_by(secrets.c.name))
    ]


def _held_by(caller: Caller) -> ColumnElement[bool]:
    column = secrets.c.application_id if isinstance(caller, Application) else secrets.c.user_id
    return column == caller.id
