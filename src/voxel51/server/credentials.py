"""Who calls: each kind of credential, and what it stands for."""

import re
from collections.abc import Mapping

from starlette.requests import Request

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.callers import Application, Caller, User
from voxel51.server.accounts.service import AccountService
from voxel51.server.errors import Forbidden, Unauthenticated
from voxel51.server.http.endpoint import Check
from voxel51.server.http.route import Needs
from voxel51.server.http.signing import LinkSigner
from voxel51.server.jobs.attempts import Attempt, AttemptService
from voxel51.wire import headers
from voxel51.wire.tokens import API_VERSION

_JOB_PATH = re.compile(rf"/{API_VERSION}/jobs/([^/]+)/")


class Credentials:
    """Finds out who calls. An application's key counts before a user's, as old clients send only one of them."""

    def __init__(
        self, accounts: AccountService, applications: ApplicationService, attempts: AttemptService, signer: LinkSigner
    ) -> None:
        self._accounts = accounts
        self._applications = applications
        self._attempts = attempts
        self._signer = signer

    def checks(self) -> Mapping[Needs, Check]:
        """How each need of a route is checked."""
        return {
            Needs.NOBODY: self.nobody,
            Needs.USER: self.user,
            Needs.APPLICATION: self.application,
            Needs.CALLER: self.caller,
            Needs.AGENT: self.agent,
            Needs.LINK: self.link,
        }

    def nobody(self, _request: Request) -> None:
        """Anybody may."""

    def caller(self, request: Request) -> Caller:
        """A user, or an application that acts for none of its users in particular.

        Raises:
            Unauthenticated: the credential is missing or not known.
            NotFound: the application has no such user.
        """
        key, user_name = request.headers.get(headers.APPLICATION_KEY), request.headers.get(headers.APPLICATION_USER)
        if key is None:
            return self._accounts.authenticate(_bearer(request))
        if user_name:
            return self._applications.authenticate_user(key, user_name)
        return self._applications.authenticate(key)

    def user(self, request: Request) -> User:
        """A user, of the platform or of an application; raises as `caller` does.

        Raises:
            Forbidden: it is an application that names no user.
        """
        found = self.caller(request)
        if isinstance(found, Application):
            raise Forbidden(
                f"Application {found.name!r} acts for none of its users here; "
                f"name one in the header '{headers.APPLICATION_USER}'"
            )
        return found

    def application(self, request: Request) -> Application:
        """An application, whether or not it names a user.

        Raises:
            Unauthenticated: the credential is missing or not known.
        """
        key = request.headers.get(headers.APPLICATION_KEY)
        if key is None:
            raise Unauthenticated(
                f"This needs an application token: send the header '{headers.APPLICATION_KEY}: <private key>'"
            )
        return self._applications.authenticate(key)

    def agent(self, request: Request) -> Attempt:
        """The attempt at the job that the path names.

        Raises:
            Unauthenticated: the credential is missing or not known.
            Forbidden: it is that of another attempt.
        """
        credential = request.headers.get(headers.AGENT_KEY)
        found = _JOB_PATH.match(request.url.path)
        if not credential or found is None:
            raise Unauthenticated(f"This needs a job's credential in the header {headers.AGENT_KEY}")
        return self._attempts.authenticate(credential, found[1])

    def link(self, request: Request) -> None:
        """Whoever holds a signed link.

        Raises:
            Forbidden: it is not signed for this, or has expired.
        """
        self._signer.check(request.method, request.scope["raw_path"].decode("ascii"), request.query_params)


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get(headers.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != headers.BEARER.lower() or not key.strip():
        raise Unauthenticated(
            f"This needs an API token: send the header '{headers.AUTHORIZATION}: Bearer <private key>'"
        )
    return key.strip()
