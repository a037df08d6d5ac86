"""Usage routes: the ledger of a month as JSON, and of several months as CSV; for operators and for applications."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from starlette.responses import Response

from voxel51.server.accounts.access import BY_APPLICATION, BY_OPERATOR
from voxel51.server.accounts.callers import Application, User
from voxel51.server.errors import BadRequest
from voxel51.server.http.context import RequestContext
from voxel51.server.http.replies import FileReply
from voxel51.server.http.route import Route, route
from voxel51.server.parameters import QueryParameter
from voxel51.server.usage.ledger import UsageLedger
from voxel51.server.usage.months import month_of
from voxel51.wire import dates
from voxel51.wire.usage import UsageMonth

_MONTH = {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"}
_PARAMETERS: Mapping[str, QueryParameter] = {
    "from": QueryParameter("first month, such as 2026-01; by default the present one", _MONTH),
    "to": QueryParameter("last month; by default the present one", _MONTH),
}

Result = TypeVar("Result")


def ledger_routes(ledger: UsageLedger) -> Iterable[Route]:
    """Return the routes of the usage ledger."""

    def month_of_all(context: RequestContext[User]) -> UsageMonth:
        return _checked(lambda: ledger.month(context.path_params["month"]))

    def month_of_caller(context: RequestContext[Application]) -> UsageMonth:
        return _checked(lambda: ledger.month(context.path_params["month"], context.caller))

    def table_of_all(context: RequestContext[User]) -> Response:
        return _table(context, ledger)

    def table_of_caller(context: RequestContext[Application]) -> Response:
        return _table(context, ledger, context.caller)

    return [
        route("GET", "/admin/usage/months/{month}", month_of_all, "Get the usage of all owners in a month", BY_OPERATOR,
              answers=UsageMonth, errors=(400,)),
        route("GET", "/admin/usage/table", table_of_all, "Get the usage of all owners by month, as CSV", BY_OPERATOR,
              answers=FileReply, parameters=_PARAMETERS, errors=(400,)),
        route("GET", "/apps/usage/months/{month}", month_of_caller, "Get the usage of your users in a month",
              BY_APPLICATION, answers=UsageMonth, errors=(400,)),
        route("GET", "/apps/usage/table", table_of_caller, "Get the usage of your users by month, as CSV",
              BY_APPLICATION, answers=FileReply, parameters=_PARAMETERS, errors=(400,)),
    ]  # fmt: skip


def _table(context: RequestContext[object], ledger: UsageLedger, application: Application | None = None) -> Response:
    present = month_of(dates.now())
    first, last = (context.query_params.get(name) or present for name in ("from", "to"))
    text = _checked(lambda: ledger.table(first, last, application))
    headers = {"Content-Disposition": f'attachment; filename="usage-{first}-to-{last}.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


def _checked(report: Callable[[], Result]) -> Result:
    try:
        return report()
    except ValueError as error:
        raise BadRequest(str(error)) from None
