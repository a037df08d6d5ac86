"""The routes of webhooks: for users, and for applications, which hear of all their users' jobs."""

from collections.abc import Callable, Iterable
from typing import Any

from voxel51.server.http.route import Body, Call, JsonBody, Needs, NoBody, QueryBody, Route
from voxel51.server.webhooks.history import LISTING, DeliveryHistoryService
from voxel51.server.webhooks.service import WebhookService
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
    """One table of all routes of webhooks."""
    handlers = _Handlers(webhooks, history)
    new, change, replayed = JsonBody(NewWebhook), JsonBody(WebhookChange), "/deliveries/{delivery_id}/replay"
    return [
        _route("GET", "", handlers.all, "Your webhooks", WebhookList),
        _route(
            "POST", "", handlers.add, "Be told of jobs at a URL; the answer has its secret", WebhookWithSecret,
            body=new, status=201, tells_secret=True, look_outside=handlers.check_url,
        ),
        _of_one("GET", "", handlers.details, "One webhook", WebhookDetails),
        _of_one(
            "PATCH", "", handlers.change, "Change a webhook, or enable it again", WebhookDetails,
            body=change, look_outside=handlers.check_url,
        ),
        _of_one("DELETE", "", handlers.delete, "Forget a webhook", None, status=204),
        _of_one("POST", "/secret", handlers.rotate, "A new secret", WebhookSecret, tells_secret=True),
        _of_one("POST", "/test", handlers.test, "Send a test message", DeliveryDetails, status=202, errors=(400, 404)),
        _of_one("GET", "/deliveries", handlers.query, "What was sent", DeliveryList, body=QueryBody(LISTING)),
        _of_one("POST", replayed, handlers.replay, "Send again", DeliveryDetails, status=202, errors=(400, 404)),
    ]  # fmt: skip


def _route(
    method: str,
    path: str,
    handler: Callable[[Call], Any],
    summary: str,
    answers: Any,
    body: Body = NoBody(),  # noqa: B008  (frozen, so sharing it is safe)
    **more: Any,
) -> Route:
    return Route(method, f"/webhooks{path}", handler, summary, needs=Needs.CALLER, body=body, answers=answers, **more)


def _of_one(method: str, path: str, handler: Callable[[Call], Any], summary: str, answers: Any, **more: Any) -> Route:
    return _route(method, f"/{{webhook_id}}{path}", handler, summary, answers, **{"errors": (404,), **more})


class _Handlers:
    def __init__(self, webhooks: WebhookService, history: DeliveryHistoryService) -> None:
        self._webhooks = webhooks
        self._history = history

    def all(self, call: Call) -> WebhookList:
        return self._webhooks.all(call.caller)

    def check_url(self, call: Call) -> None:
        if "url" in call.body:
            self._webhooks.check_url(call.body["url"])

    def add(self, call: Call) -> WebhookWithSecret:
        described: Any = call.body
        webhook, secret = self._webhooks.add(call.caller, described)
        return {"webhook": webhook, "secret": secret}

    def details(self, call: Call) -> WebhookDetails:
        return {"webhook": self._webhooks.details(call.caller, call.path["webhook_id"])}

    def change(self, call: Call) -> WebhookDetails:
        change: Any = call.body
        return {"webhook": self._webhooks.change(call.caller, call.path["webhook_id"], change)}

    def delete(self, call: Call) -> None:
        self._webhooks.delete(call.caller, call.path["webhook_id"])

    def rotate(self, call: Call) -> WebhookSecret:
        return {"secret": self._webhooks.rotate_secret(call.caller, call.path["webhook_id"])}

    def test(self, call: Call) -> DeliveryDetails:
        return {"delivery": self._history.test(call.caller, call.path["webhook_id"])}

    def query(self, call: Call) -> DeliveryList:
        return self._history.query(call.caller, call.path["webhook_id"], call.query)

    def replay(self, call: Call) -> DeliveryDetails:
        found = self._history.replay(call.caller, call.path["webhook_id"], call.path["delivery_id"])
        return {"delivery": found}
