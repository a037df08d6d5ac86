"""Applications: programs with an account, and with users of their own."""

import uuid

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts import tokens as keys
from voxel51.server.accounts.callers import Application, User
from voxel51.server.accounts.names import check_name
from voxel51.server.accounts.tables import applications, tokens, users
from voxel51.server.accounts.tokens import TokenRecord
from voxel51.server.database.database import Database
from voxel51.server.errors import Conflict, NotFound, Unauthenticated
from voxel51.wire import dates
from voxel51.wire.tokens import TokenFile


class ApplicationService:
    """Creates applications and their users, issues and checks their tokens.

    A user's name is the application's own affair: the same name elsewhere is somebody else.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str) -> Application:
        """A new application.

        Raises:
            BadRequest: the name will not do.
            Conflict: there is an application or a user of that name.
        """
        check_name("application", name)
        application = Application(str(uuid.uuid4()), name)
        row = {"id": application.id, "name": name, "created_at": dates.now()}
        same = (users.c.name == name) & users.c.application_id.is_(None)
        try:
            with self._database.write() as connection:
                # Analytics are called after their owners, so no two owners on the platform share a name.
                if connection.execute(select(users.c.id).where(same)).first():
                    raise Conflict(f"There is a user named {name!r} already; take another name")
                connection.execute(insert(applications).values(row))
        except IntegrityError:
            raise Conflict(f"There is an application named {name!r} already; take another name") from None
        return application

    def all(self) -> list[Application]:
        """All applications, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(applications).order_by(applications.c.name)).all()
        return [Application(row.id, row.name) for row in rows]

    def issue_token(self, application_name: str, token_name: str, base_url: str) -> TokenFile:
        """A further token of an application, as the file it is handed out in. Its key cannot be had a second time.

        Raises:
            NotFound: there is no such application.
        """
        with self._database.write() as connection:
            return keys.issue(connection, _find(connection, application_name), token_name, base_url)

    def list_tokens(self, application_name: str) -> list[TokenRecord]:
        """All tokens of an application, oldest first.

        Raises:
            NotFound: there is no such application.
        """
        with self._database.read() as connection:
            return keys.records(connection, _find(connection, application_name))

    def revoke_token(self, application_name: str, token_id: str) -> None:
        """End a token at once; ending it again changes nothing.

        Raises:
            NotFound: the application has no such token.
        """
        with self._database.write() as connection:
            keys.revoke(connection, _find(connection, application_name), token_id)

    def authenticate(self, key: str) -> Application:
        """The application whose token has this key.

        Raises:
            Unauthenticated: no token has it, or it is revoked.
        """
        statement = select(applications).join(tokens, tokens.c.application_id == applications.c.id)
        with self._database.read() as connection:
            row = connection.execute(statement.where(keys.has_key(key))).first()
        if row is None:
            raise Unauthenticated("This application token is not known here, or it was revoked; get a new one")
        return Application(row.id, row.name)

    def authenticate_user(self, key: str, user_name: str) -> User:
        """The application's user for whom it acts.

        Raises:
            Unauthenticated: no application's token has this key, or it is revoked.
            NotFound: the application has no such user.
        """
        application = self.authenticate(key)
        chosen = (users.c.application_id == application.id) & (users.c.name == user_name)
        with self._database.read() as connection:
            user_id = connection.execute(select(users.c.id).where(chosen)).scalar()
        if user_id is None:
            raise NotFound(f"Application {application.name!r} has no user {user_name!r}; create the user first")
        return User(user_id, user_name, application.id)

    def create_user(self, application: Application, name: str) -> User:
        """A new user of ``application``.

        Raises:
            BadRequest: the name will not do.
            Conflict: the application has a user of that name.
        """
        check_name("user", name)
        user = User(str(uuid.uuid4()), name, application.id)
        row = {"id": user.id, "name": name, "application_id": application.id, "created_at": dates.now()}
        try:
            with self._database.write() as connection:
                connection.execute(insert(users).values(row))
        except IntegrityError:
            raise Conflict(f"There is a user named {name!r} already; take another name") from None
        return user

    def list_users(self, application: Application) -> list[str]:
        """The names of the application's users, sorted."""
        names = select(users.c.name).where(users.c.application_id == application.id).order_by(users.c.name)
        with self._database.read() as connection:
            return [*connection.execute(names).scalars()]


def _find(connection: Connection, name: str) -> Application:
    row = connection.execute(select(applications).where(applications.c.name == name)).first()
    if row is None:
        raise NotFound(f"There is no application {name!r}; create it with: voxel51 server app create {name}")
    return Application(row.id, row.name)
