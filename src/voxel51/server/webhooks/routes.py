"""Webhook routes: for users, and for applications, whose webhooks report the jobs of all their users."""

from collections.abc import Iterable

from voxel51.server.accounts.access import BY_CALLER, CALLER
from voxel51.server.accounts.callers import Caller
from voxel51.server.database.search import Query
from voxel51.server.http.bodies import JsonBody, QueryBody
from voxel51.server.http.context import RequestContext
from voxel51.server.http.route import Policy, Route, route
from voxel51.server.webhooks.history import LISTING, DeliveryHistoryService
from voxel51.server.webhooks.service import WebhookService
from voxel51.wire.accounts import Scope
from voxel51.wire.webhooks import (
    DeliveryDetails,
    DeliveryList,
    NewWebhook,
    WebhookChange,
    WebhookDetails,
    WebhookList,
    WebhookSecret,
    WebhookWithSecret,
)


def webhook_routes(webhooks: WebhookService, history: DeliveryHistoryService) -> Iterable[Route]:
    """Return the routes of webhooks and their deliveries."""
    handlers = _Handlers(webhooks, history)
    one, deliveries = "/webhooks/{webhook_id}", "/webhooks/{webhook_id}/deliveries"
    with_secret = Policy(CALLER, has_secret=True)
    # A webhook sends job records to any address, so its creator must be allowed to read them.
    create = Policy(CALLER, has_secret=True, further_scopes=(Scope.READ,))
    change = Policy(CALLER, further_scopes=(Scope.READ,))
    return [
        route("GET", "/webhooks", handlers.all, "List your webhooks", BY_CALLER, answers=WebhookList),
        route("POST", "/webhooks", handlers.add, "Create a webhook; the answer contains its secret", create,
              JsonBody(NewWebhook), prepare=handlers.check_url, answers=WebhookWithSecret, status=201),
        route("GET", one, handlers.details, "Get a webhook", BY_CALLER, answers=WebhookDetails, errors=(404,)),
        route("PATCH", one, handlers.change, "Change a webhook, or enable it again", change,
              JsonBody(WebhookChange), prepare=handlers.check_url, answers=WebhookDetails, errors=(404,)),
        route("DELETE", one, handlers.delete, "Delete a webhook", BY_CALLER, status=204, errors=(404,)),
        route("POST", f"{one}/secret", handlers.rotate, "Replace a webhook's secret", with_secret,
              answers=WebhookSecret, errors=(404,)),
        route("POST", f"{one}/test", handlers.test, "Send a test message", BY_CALLER, answers=DeliveryDetails,
              status=202, errors=(400, 404)),
        route("GET", deliveries, handlers.query, "List the deliveries of a webhook", BY_CALLER, QueryBody(LISTING),
              answers=DeliveryList, errors=(404,)),
        route("POST", f"{deliveries}/{{delivery_id}}/replay", handlers.replay, "Send a message again", BY_CALLER,
              answers=DeliveryDetails, status=202, errors=(400, 404)),
    ]  # fmt: skip


class _Handlers:
    def __init__(self, webhooks: WebhookService, history: DeliveryHistoryService) -> None:
        self._webhooks = webhooks
        self._history = history

    def all(self, context: RequestContext[Caller]) -> WebhookList:
        return self._webhooks.all(context.caller)

    def check_url(self, _context: RequestContext[Caller], body: NewWebhook | WebhookChange) -> None:
        if "url" in body:
            self._webhooks.check_url(body["url"])

    def add(self, context: RequestContext[Caller], body: NewWebhook) -> WebhookWithSecret:
        webhook, secret = self._webhooks.add(context.caller, body)
        return {"webhook": webhook, "secret": secret}

    def details(self, context: RequestContext[Caller]) -> WebhookDetails:
        return {"webhook": self._webhooks.details(context.caller, context.path_params["webhook_id"])}

    def change(self, context: RequestContext[Caller], body: WebhookChange) -> WebhookDetails:
        return {"webhook": self._webhooks.change(context.caller, context.path_params["webhook_id"], body)}

    def delete(self, context: RequestContext[Caller]) -> None:
        self._webhooks.delete(context.caller, context.path_params["webhook_id"])

    def rotate(self, context: RequestContext[Caller]) -> WebhookSecret:
        return {"secret": self._webhooks.rotate_secret(context.caller, context.path_params["webhook_id"])}

    def test(self, context: RequestContext[Caller]) -> DeliveryDetails:
        return {"delivery": self._history.test(context.caller, context.path_params["webhook_id"])}

    def query(self, context: RequestContext[Caller], query: Query) -> DeliveryList:
        return self._history.query(context.caller, context.path_params["webhook_id"], query)

    def replay(self, context: RequestContext[Caller]) -> DeliveryDetails:
        webhook_id, delivery_id = context.path_params["webhook_id"], context.path_params["delivery_id"]
        return {"delivery": self._history.replay(context.caller, webhook_id, delivery_id)}
