"""Programs that are told of jobs: real HTTP servers on loopback."""

import threading
import time
from typing import Any

from standardwebhooks import Webhook

from support.loopback_server import Loopback, Received, Reply
from support.waiting import LIMIT_SECONDS


class Receiver(Loopback):
    """Takes what webhooks are sent, checks each signature by an independent library, and answers as it is told.

    Attributes:
        secret: what the platform told when the webhook was made.
    """

    def __init__(self) -> None:
        super().__init__()
        self.secret = ""

    def messages(self) -> list[dict[str, Any]]:
        """What came, in order, each verified."""
        with self.lock:
            came = list(self.requests)
        return [self.verified(one) for one in came]

    def verified(self, received: Received) -> dict[str, Any]:
        """The message of a request whose signature is right and fresh; raises where it is not."""
        message: dict[str, Any] = Webhook(self.secret).verify(received.body, received.headers)
        return message

    def wait_for(self, count: int, limit_seconds: float = LIMIT_SECONDS) -> list[dict[str, Any]]:
        """The messages, once there are ``count``."""
        deadline = time.monotonic() + limit_seconds
        while len(self.requests) < count:
            assert time.monotonic() < deadline, f"{len(self.requests)} of {count} messages came"
            time.sleep(0.01)
        return self.messages()


def hanging(until: threading.Event) -> Reply:
    """An answer that does not come before the event is set."""
    return Reply(until=until)
