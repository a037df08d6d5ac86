"""Applications: programs with an account of their own, and with users of their own."""

import uuid

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts import audit
from voxel51.server.accounts.audit import COMMAND_LINE, Principal
from voxel51.server.accounts.callers import DEFAULT_SCOPES, Application, User
from voxel51.server.accounts.names import check_name, require_free_name
from voxel51.server.accounts.tables import applications, tokens, users
from voxel51.server.accounts.tokens import CredentialCheck, key_matches, parse_scopes
from voxel51.server.database.database import Database
from voxel51.server.errors import Conflict, NotFound
from voxel51.wire import dates


class ApplicationService:
    """Creates and finds applications and their users, and authenticates their tokens.

    User names are scoped to their application: the same name in another application is another user.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._credentials = CredentialCheck(database)

    def create(self, name: str, actor: Principal = COMMAND_LINE) -> Application:
        """Create an application.

        Raises:
            BadRequest: the name is invalid.
            Conflict: an application or a user has this name.
        """
        check_name("application", name)
        application = Application(str(uuid.uuid4()), name)
        row = {"id": application.id, "name": name, "created_at": dates.now()}
        try:
            with self._database.write() as connection:
                require_free_name(connection, name)
                connection.execute(insert(applications).values(row))
                audit.record(connection, actor, "application created", application)
        except IntegrityError:
            raise Conflict(f"An application named {name!r} already exists; choose another name") from None
        return application

    def all(self) -> list[Application]:
        """Return all applications, sorted by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(applications).order_by(applications.c.name)).all()
        return [Application(row.id, row.name) for row in rows]

    def find(self, name: str) -> Application:
        """Return the application named ``name``.

        Raises:
            NotFound: no application has this name.
        """
        with self._database.read() as connection:
            row = connection.execute(select(applications).where(applications.c.name == name)).first()
        if row is None:
            raise NotFound(f"Application {name!r} not found; create it with: voxel51 server app create {name}")
        return Application(row.id, row.name)

    def authenticate(self, key: str) -> Application:
        """Return the application whose token has this key.

        Raises:
            Unauthenticated: the token is unknown, revoked or expired.
        """
        statement = (
            select(
                applications,
                tokens.c.id.label("token_id"),
                tokens.c.scopes,
                tokens.c.expires_at,
                tokens.c.last_used_at,
            )
            .join(tokens, tokens.c.application_id == applications.c.id)
            .where(key_matches(key))
        )
        with self._database.read() as connection:
            found = connection.execute(statement).first()
        row = self._credentials.check(found, "application token")
        return Application(row.id, row.name, parse_scopes(row.scopes) or DEFAULT_SCOPES, row.token_id)

    def authenticate_user(self, key: str, user_name: str) -> User:
        """Return the application's user on whose behalf a request is made.

        Raises:
            Unauthenticated: the application token is unknown, revoked or expired.
            NotFound: the application has no such user.
        """
        return self.find_user(self.authenticate(key), user_name)

    def create_user(self, application: Application, name: str) -> User:
        """Create a user of ``application``.

        Raises:
            BadRequest: the name is invalid.
            Conflict: the application has a user with this name.
        """
        check_name("user", name)
        user = User(str(uuid.uuid4()), name, application.id)
        row = {"id": user.id, "name": name, "application_id": application.id, "created_at": dates.now()}
        try:
            with self._database.write() as connection:
                connection.execute(insert(users).values(row))
                audit.record(connection, application, "account created", user, username=name)
        except IntegrityError:
            raise Conflict(f"A user named {name!r} already exists; choose another name") from None
        return user

    def find_user(self, application: Application, name: str) -> User:
        """Return the user named ``name`` of ``application``.

        Raises:
            NotFound: the application has no such user.
        """
        chosen = (users.c.application_id == application.id) & (users.c.name == name) & users.c.deleted_at.is_(None)
        with self._database.read() as connection:
            user_id = connection.execute(select(users.c.id).where(chosen)).scalar()
        if user_id is None:
            raise NotFound(f"Application {application.name!r} has no user {name!r}; create the user first")
        return User(user_id, name, application.id, application.scopes, application.credential_id)

    def shares_results(self, application: Application) -> bool:
        """Return whether the users of the application share results."""
        chosen = select(applications.c.shares_results).where(applications.c.id == application.id)
        with self._database.read() as connection:
            return bool(connection.execute(chosen).scalar())

    def share_results(self, application: Application, actor: Principal, *, enabled: bool) -> None:
        """Let the users of the application share the results of jobs that are submitted from now on, or stop that.

        Users keep the copies that they have.
        """
        changed = update(applications).where(applications.c.id == application.id)
        differs = applications.c.shares_results.is_(not enabled)
        with self._database.write() as connection:
            if connection.execute(changed.where(differs).values(shares_results=enabled)).rowcount:
                audit.record(connection, actor, "result sharing changed", application, enabled=enabled)

    def list_users(self, application: Application) -> list[str]:
        """Return the names of the application's users, sorted."""
        names = (
            select(users.c.name)
            .where(users.c.application_id == application.id, users.c.deleted_at.is_(None))
            .order_by(users.c.name)
        )
        with self._database.read() as connection:
            return [*connection.execute(names).scalars()]
