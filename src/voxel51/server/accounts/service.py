"""The users of the platform itself."""

import uuid

from argon2 import PasswordHasher
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts import tokens as keys
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.names import check_name
from voxel51.server.accounts.tables import applications, tokens, users
from voxel51.server.accounts.tokens import TokenRecord
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict, NotFound, Unauthenticated
from voxel51.wire import dates
from voxel51.wire.tokens import TokenFile

_SHORTEST_PASSWORD = 8


class AccountService:
    """Creates users, issues and checks their tokens. Passwords are kept as argon2 hashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_user(self, name: str, password: str | None = None) -> User:
        """A new user; without a password only tokens sign in.

        Raises:
            BadRequest: the name or the password will not do.
            Conflict: there is a user or an application of that name.
        """
        check_name("user", name)
        if password is not None and len(password) < _SHORTEST_PASSWORD:
            raise BadRequest(f"The password is too short; take at least {_SHORTEST_PASSWORD} characters")
        user = User(str(uuid.uuid4()), name)
        hashed = None if password is None else PasswordHasher().hash(password)
        row = {"id": user.id, "name": name, "password_hash": hashed, "created_at": dates.now()}
        try:
            with self._database.write() as connection:
                # Analytics are called after their owners, so no two owners on the platform share a name.
                if connection.execute(select(applications.c.id).where(applications.c.name == name)).first():
                    raise Conflict(f"There is an application named {name!r} already; take another name")
                connection.execute(insert(users).values(row))
        except IntegrityError:
            raise Conflict(f"There is a user named {name!r} already; take another name") from None
        return user

    def issue_token(self, user_name: str, token_name: str, base_url: str) -> TokenFile:
        """A further token of a user, as the file it is handed out in. Its key cannot be had a second time.

        Raises:
            NotFound: there is no such user.
        """
        with self._database.write() as connection:
            return keys.issue(connection, _find_user(connection, user_name), token_name, base_url)

    def list_tokens(self, user_name: str) -> list[TokenRecord]:
        """All tokens of a user, oldest first.

        Raises:
            NotFound: there is no such user.
        """
        with self._database.read() as connection:
            return keys.records(connection, _find_user(connection, user_name))

    def revoke_token(self, user_name: str, token_id: str) -> None:
        """End a token at once; ending it again changes nothing.

        Raises:
            NotFound: the user has no such token.
        """
        with self._database.write() as connection:
            keys.revoke(connection, _find_user(connection, user_name), token_id)

    def authenticate(self, key: str) -> User:
        """The user whose token has this key.

        Raises:
            Unauthenticated: no token has it, or it is revoked.
        """
        statement = select(users.c.id, users.c.name).join(tokens, tokens.c.user_id == users.c.id)
        with self._database.read() as connection:
            row = connection.execute(statement.where(keys.has_key(key))).first()
        if row is None:
            raise Unauthenticated("This API token is not known here, or it was revoked; get a new one")
        return User(row.id, row.name)


def _find_user(connection: Connection, name: str) -> User:
    statement = select(users.c.id, users.c.name).where(users.c.name == name, users.c.application_id.is_(None))
    row = connection.execute(statement).first()
    if row is None:
        raise NotFound(f"There is no user {name!r}; create it with: voxel51 server user create {name}")
    return User(row.id, row.name)
