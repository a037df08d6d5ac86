"""Secret routes: list, store, grant and delete secrets, for users and for applications."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_CALLER, CALLER
from voxel51.server.accounts.callers import Caller
from voxel51.server.http.bodies import JsonBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.secrets.service import SecretService
from voxel51.wire.accounts import Scope
from voxel51.wire.secrets import SecretChange, SecretDetails, SecretList


def secret_routes(secrets: SecretService) -> Iterable[Route]:
    """Return the routes of secrets."""
    handlers = _Handlers(secrets)
    one = "/secrets/{secret_name}"
    # A grant lets jobs use the secret, so it requires the scope to run jobs.
    store = Policy(CALLER, further_scopes=(Scope.RUN,))
    return [
        route("GET", "/secrets", handlers.all, "List your secrets, without their values", BY_CALLER,
              answers=SecretList),
        route("PUT", one, handlers.put, "Store a secret, or change the analytics that may use it", store,
              JsonBody(SecretChange), answers=SecretDetails),
        route("DELETE", one, handlers.delete, "Delete a secret", BY_CALLER, status=204, errors=(404,)),
    ]  # fmt: skip


class _Handlers:
    def __init__(self, secrets: SecretService) -> None:
        self._secrets = secrets

    def all(self, context: RequestContext[Caller]) -> SecretList:
        return self._secrets.all(context.caller)

    def put(self, context: RequestContext[Caller], body: SecretChange) -> SecretDetails:
        return {"secret": self._secrets.put(context.caller, context.path_params["secret_name"], body)}

    def delete(self, context: RequestContext[Caller]) -> None:
        self._secrets.delete(context.caller, context.path_params["secret_name"])
