"""Users of the platform: create, find, change, suspend and authenticate them."""

import uuid
from collections.abc import Callable

from sqlalchemy import Connection, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import COMMAND_LINE, Principal
from voxel51.server.accounts.callers import DEFAULT_SCOPES, ROLE_SCOPES, User
from voxel51.server.accounts.names import check_name, require_free_name
from voxel51.server.accounts.passwords import PasswordHash, check_new_password, hash_password, is_password
from voxel51.server.accounts.tables import applications, oidc_identities, one_time_keys, tokens, users
from voxel51.server.accounts.tokens import CredentialCheck, CredentialKind, key_matches, parse_scopes, revoke_all
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, Conflict, Forbidden, NotFound
from voxel51.wire import dates
from voxel51.wire.accounts import Account, AccountChange, Role

_OWN = users.c.application_id.is_(None) & users.c.deleted_at.is_(None)


class AccountService:
    """Creates, finds and changes users, and authenticates their tokens and sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._credentials = CredentialCheck(database)

    def create_user(
        self, name: str, hashed: PasswordHash | None = None, role: Role | None = None, actor: Principal = COMMAND_LINE
    ) -> User:
        """Create a user with a ``hashed`` password. Without one, only tokens authenticate the user.

        The first user is by default an operator.

        Raises:
            BadRequest: the name is invalid.
            Conflict: a user or an application has this name.
        """
        check_name("user", name)
        with self._database.write() as connection:
            return add_user(connection, actor, name, hashed, role)

    def find(self, name: str) -> User:
        """Return the user named ``name``.

        Raises:
            NotFound: no user has this name.
        """
        with self._database.read() as connection:
            row = _row(connection, name)
        return User(row.id, row.name)

    def account(self, user: User) -> Account:
        """Return a user's account.

        Raises:
            NotFound: it was deleted.
        """
        statement = _accounts().where(users.c.id == user.id, users.c.deleted_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise NotFound(f"The account {user.name!r} was deleted")
        return _to_wire(row)

    def all(self) -> list[Account]:
        """Return the accounts of all users except those of applications, sorted by name."""
        with self._database.read() as connection:
            return [_to_wire(row) for row in connection.execute(_accounts().where(_OWN).order_by(users.c.name))]

    def change(self, actor: Principal, name: str, change: AccountChange) -> Account:
        """Change a user's role, or suspend or resume a user. Suspending ends all sessions.

        Raises:
            NotFound: no user has this name.
            Conflict: the platform would have no operator left.
        """
        with self._database.write() as connection:
            row = _row(connection, name, lock=True)
            user = User(row.id, row.name)
            if "role" in change:
                connection.execute(update(users).where(users.c.id == user.id).values(role=change["role"]))
            if "suspended" in change:
                since = (row.suspended_at or dates.now()) if change["suspended"] else None
                connection.execute(update(users).where(users.c.id == user.id).values(suspended_at=since))
                if change["suspended"]:
                    revoke_all(connection, user, CredentialKind.SESSION)
            if row.role == Role.OPERATOR:
                require_remaining_operator(connection)
            audit.record(connection, actor, "account changed", user, **change)
        return self.account(user)

    def begin_password_change(self, user: User, current: str | None, new: str) -> Callable[[], PasswordHash | None]:
        """Return a function that hashes the new password, for `change_password`; None if ``current`` is wrong.

        Raises:
            Forbidden: the account has no password, and the credential does not have all scopes of the account.
            BadRequest: the new password is invalid, or the user belongs to an application.
        """
        check_new_password(new)
        if user.application_id is not None:
            raise BadRequest("Users of an application have no passwords; the application authenticates for them")
        with self._database.read() as connection:
            kept = connection.execute(select(users.c.password_hash).where(users.c.id == user.id)).scalar()
            if kept is None:
                require_full_access(connection, user)

        def hash_if_permitted() -> PasswordHash | None:
            return hash_password(new) if kept is None or is_password(kept, current or "") else None

        return hash_if_permitted

    def change_password(self, user: User, hashed: PasswordHash | None, *, revoke_tokens: bool = False) -> None:
        """Store the user's own new password, and end all sessions except the one that authenticated the request.

        With ``revoke_tokens``, revoke all API tokens too, with the same exception.

        Raises:
            Forbidden: ``hashed`` is None, as the current password was wrong.
        """
        if hashed is None:
            with self._database.write(durable=False) as connection:
                audit.record(connection, user, "password change failed", user)
            raise Forbidden("The current password is wrong; send the right one as current_password")
        with self._database.write() as connection:
            set_password(connection, user, hashed, but=user.credential_id, revoke_tokens=revoke_tokens)

    def authenticate(self, key: str, kind: CredentialKind = CredentialKind.TOKEN) -> User:
        """Return the user whose token or session has this key.

        Raises:
            Unauthenticated: the key is unknown, revoked or expired.
            Forbidden: the account is suspended.
        """
        statement = (
            select(
                users.c.id,
                users.c.name,
                users.c.role,
                users.c.suspended_at,
                tokens.c.id.label("token_id"),
                tokens.c.scopes,
                tokens.c.expires_at,
                tokens.c.last_used_at,
            )
            .join(tokens, tokens.c.user_id == users.c.id)
            .where(key_matches(key), tokens.c.kind == kind.value, users.c.deleted_at.is_(None))
        )
        with self._database.read() as connection:
            found = connection.execute(statement).first()
        row = self._credentials.check(found, "API token" if kind is CredentialKind.TOKEN else "session")
        if row.suspended_at is not None:
            raise Forbidden(f"The account {row.name!r} is suspended; ask the operator of the platform")
        scopes = (parse_scopes(row.scopes) or DEFAULT_SCOPES) & ROLE_SCOPES[Role(row.role)]
        return User(row.id, row.name, scopes=scopes, credential_id=row.token_id)


def add_user(
    connection: Connection, actor: Principal | None, name: str, hashed: PasswordHash | None, role: Role | None
) -> User:
    """Create a user with a checked name. Without an ``actor``, the audit log names the user as the actor.

    Raises:
        Conflict: a user or an application has this name.
    """
    user = User(str(uuid.uuid4()), name)
    # Of two concurrent first users, only one may become the operator.
    acquire_advisory_locks(connection, "first user")
    role = role or (Role.MEMBER if has_users(connection) else Role.OPERATOR)
    row = {"id": user.id, "name": name, "password_hash": hashed, "created_at": dates.now(), "role": role.value}
    require_free_name(connection, name)
    try:
        with connection.begin_nested():
            connection.execute(insert(users).values(row))
    except IntegrityError:  # a concurrent request created the user first
        raise Conflict(f"A user named {name!r} already exists; choose another name") from None
    audit.record(connection, actor or user, "account created", user, role=role.value)
    return user


def has_users(connection: Connection) -> bool:
    """Return whether the platform has any user besides those of applications."""
    return connection.execute(select(users.c.id).where(_OWN).limit(1)).first() is not None


def set_password(
    connection: Connection, user: User, hashed: PasswordHash, *, but: str | None = None, revoke_tokens: bool
) -> None:
    """Store a new password, end all sessions and, if told to, revoke all tokens; except the one with the id ``but``.

    Keys for resetting the earlier password become invalid.
    """
    connection.execute(update(users).where(users.c.id == user.id).values(password_hash=hashed))
    connection.execute(delete(one_time_keys).where(one_time_keys.c.user_id == user.id))
    kinds = [CredentialKind.SESSION, CredentialKind.TOKEN] if revoke_tokens else [CredentialKind.SESSION]
    revoke_all(connection, user, *kinds, but=but)
    audit.record(connection, user, "password changed", user, tokens_revoked=revoke_tokens)


def require_full_access(connection: Connection, user: User) -> None:
    """Raise `Forbidden` unless the credential has all scopes of its account, as a new way to sign in requires.

    Otherwise a token with few scopes could create a session with all of them.

    Raises:
        Forbidden: the credential lacks scopes.
    """
    role = Role(connection.execute(select(users.c.role).where(users.c.id == user.id)).scalar_one())
    if not user.scopes >= ROLE_SCOPES[role]:
        raise Forbidden(
            f"This credential does not have all scopes of the role {role}. Sign in with a browser, "
            f"or ask the operator to run: voxel51 server user reset {user.name}"
        )


def require_remaining_operator(connection: Connection) -> None:
    """Raise `Conflict` unless at least one active operator is left.

    Raises:
        Conflict: none is left.
    """
    able = _OWN & (users.c.role == Role.OPERATOR.value) & users.c.suspended_at.is_(None)
    # The rows are locked, in a fixed order: of two operators who demote each other at the same time, the second waits
    # here and finds to be the last.
    if not connection.execute(select(users.c.id).where(able).order_by(users.c.id).with_for_update()).all():
        raise Conflict("This is the platform's last operator; give another user the role operator first")


def _accounts() -> Select[*tuple[object, ...]]:
    owner = select(applications.c.name).where(applications.c.id == users.c.application_id).scalar_subquery()
    issuer = select(oidc_identities.c.issuer).where(oidc_identities.c.user_id == users.c.id).limit(1).scalar_subquery()
    return select(users, owner.label("application"), issuer.label("oidc_issuer"))


def _row(connection: Connection, name: str, *, lock: bool = False) -> DatabaseRow:
    statement = select(users).where(users.c.name == name, _OWN)
    row = connection.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise NotFound(f"User {name!r} not found; create it with: voxel51 server user create {name}")
    return row


def _to_wire(row: DatabaseRow) -> Account:
    return {
        "id": row.id,
        "username": row.name,
        "role": Role(row.role),
        "application": row.application,
        "email": row.email,
        "has_password": row.password_hash is not None,
        "oidc_issuer": row.oidc_issuer,
        "suspended": row.suspended_at is not None,
        "created_at": dates.to_text(row.created_at),
    }
