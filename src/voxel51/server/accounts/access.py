"""Access for users and applications: the kinds of credential that stand for them, and usual policies of routes."""

from voxel51.server.accounts.callers import Application, Caller, User
from voxel51.server.http.access import Access
from voxel51.server.http.route import Policy
from voxel51.wire.accounts import Scope

USER: Access[User] = Access(
    "user", (("user",), ("session",), ("application", "active_user")), (401, 403, 404, 429), is_rate_limited=True
)
"""A user's token or session, or the token of an application that acts on behalf of one of its users."""

APPLICATION: Access[Application] = Access("application", (("application",),), (401, 403, 429), is_rate_limited=True)
"""An application's token."""

CALLER: Access[Caller] = Access(
    "caller",
    (("user",), ("session",), ("application",), ("application", "active_user")),
    (401, 403, 404, 429),
    is_rate_limited=True,
)
"""Any credential of a user or an application."""

BY_USER = Policy(USER)
BY_APPLICATION = Policy(APPLICATION)
BY_CALLER = Policy(CALLER)
BY_OPERATOR = Policy(USER, scope=Scope.ADMINISTER)
