"""What gets messages delivered: turns events into deliveries, and sends those that are due."""

import logging
import threading
import time
from collections import Counter

from voxel51.server.encryption import Cipher, DecryptionError
from voxel51.server.errors import ServiceError
from voxel51.server.outbound.fetch import post
from voxel51.server.outbound.guard import Guard
from voxel51.server.webhooks.deliveries import ClaimedDelivery, DeliveryResult, DeliveryService, request_of

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0
"""How long a receiver may take to be reached, and again to answer."""

_LOOK_INTERVAL_SECONDS = 1.0
_SLOTS = 64
_LAST_ATTEMPTS_SECONDS = 2.0
"""How long attempts under way may take to end once the platform stops. The rest is tried again after the next start."""

_SHOWN_CHARACTERS = 200


class Deliverer:
    """One thread that looks for what is due, and a thread for each attempt, so that no receiver delays another.

    All it knows is in the database: it can die at any moment.
    """

    def __init__(self, deliveries: DeliveryService, guard: Guard, cipher: Cipher) -> None:
        self._deliveries = deliveries
        self._guard = guard
        self._cipher = cipher
        self._busy: Counter[str] = Counter()
        self._under_way = 0
        self._changed = threading.Condition()
        self._abandoned = False
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="deliverer", daemon=True)

    def open(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once. Cheap, and callable from any thread."""
        self._woken.set()

    def close(self) -> None:
        """Stop; returns when nothing is written any more."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._changed:
            self._changed.wait_for(lambda: self._under_way == 0, _LAST_ATTEMPTS_SECONDS)
            self._abandoned = True

    def _loop(self) -> None:
        while not self._closing.is_set():
            try:
                while self._deliveries.take_events() and not self._closing.is_set():
                    self._send_due()
                self._send_due()
            except Exception:
                log.exception("delivering to webhooks failed; trying again")
            self._woken.wait(_LOOK_INTERVAL_SECONDS)
            self._woken.clear()

    def _send_due(self) -> None:
        with self._changed:
            free, busy = _SLOTS - self._under_way, self._busy.copy()
        for claimed in self._deliveries.claim(busy, free):
            with self._changed:
                self._under_way += 1
                self._busy.update([claimed.webhook_id, claimed.holder_id])
            threading.Thread(target=self._deliver, args=(claimed,), name="delivery", daemon=True).start()

    def _deliver(self, claimed: ClaimedDelivery) -> None:
        started = time.monotonic()
        try:
            result = self._send(claimed)
            log.info("delivery %s: %s in %.0f ms", claimed.id, result.status, (time.monotonic() - started) * 1e3)
            with self._changed:
                if not self._abandoned:
                    self._deliveries.settle(claimed, result)
        except Exception:
            log.exception("delivery %s could not be settled; it is sent again", claimed.id)
        finally:
            with self._changed:
                self._under_way -= 1
                self._busy.subtract([claimed.webhook_id, claimed.holder_id])
                self._changed.notify_all()
            self._woken.set()

    def _send(self, claimed: ClaimedDelivery) -> DeliveryResult:
        try:
            url, headers, body = request_of(claimed, self._cipher)
            status, answer = post(self._guard, url, headers, body, TIMEOUT_SECONDS)
        except DecryptionError:
            return DeliveryResult(
                None, "The platform's key was replaced; set the URL and the secret of this webhook anew"
            )
        except ServiceError as error:
            return DeliveryResult(None, str(error))
        if 200 <= status < 300:
            return DeliveryResult(status, None)
        said = answer[:_SHOWN_CHARACTERS].decode("utf-8", "replace")
        return DeliveryResult(status, f"It answered {status}: {said}" if said else f"It answered {status}")
