"""Webhook receivers: real HTTP servers on loopback that verify and record messages."""

import threading
import time
from typing import Any

from standardwebhooks import Webhook

from support.loopback_server import Loopback, Received, Reply
from support.waiting import LIMIT_SECONDS


class Receiver(Loopback):
    """A receiver that verifies each signature with an independent library and sends prepared replies.

    Attributes:
        secret: the secret that the platform returned when the webhook was created.
    """

    def __init__(self) -> None:
        super().__init__()
        self.secret = ""

    def messages(self) -> list[dict[str, Any]]:
        """Return the received messages in order, each verified."""
        with self.lock:
            came = list(self.requests)
        return [self.verified(one) for one in came]

    def verified(self, received: Received) -> dict[str, Any]:
        """Return the message of a request; raise if its signature is wrong or too old."""
        message: dict[str, Any] = Webhook(self.secret).verify(received.body, received.headers)
        return message

    def wait_for(self, count: int, limit_seconds: float = LIMIT_SECONDS) -> list[dict[str, Any]]:
        """Wait for ``count`` messages and return all."""
        deadline = time.monotonic() + limit_seconds
        while len(self.requests) < count:
            assert time.monotonic() < deadline, f"{len(self.requests)} of {count} messages were received"
            time.sleep(0.01)
        return self.messages()


def hanging(until: threading.Event) -> Reply:
    """Return a reply that is sent when the event is set."""
    return Reply(until=until)
