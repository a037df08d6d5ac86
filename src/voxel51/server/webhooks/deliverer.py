"""Webhook deliverer: turn events into deliveries, and send the deliveries that are due."""

import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from voxel51.server.background_thread import BackgroundThread
from voxel51.server.encryption import Cipher, DecryptionError
from voxel51.server.errors import DatabaseAway, ServiceError
from voxel51.server.outbound.fetch import post
from voxel51.server.outbound.guard import Guard
from voxel51.server.tracing.spans import RecordSpan, Span, SpanKind, SpanPlace, new_span_id, new_trace_id, place_of_job
from voxel51.server.webhooks.deliveries import ClaimedDelivery, DeliveryResult, DeliveryService, request_of
from voxel51.wire.backoff import Backoff

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0
"""Time limit for the connection to a receiver, and again for its answer."""

_POLL_INTERVAL_SECONDS = 1.0
_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=10.0)
_SLOTS = 64
_SHUTDOWN_SECONDS = 2.0
"""Time limit for running attempts once the platform stops. The rest is sent again after the next start."""

_SHOWN_CHARACTERS = 200


class Deliverer(BackgroundThread):
    """One thread that looks for due deliveries, and one thread per attempt, so that no receiver delays another.

    All state is in the database, so the process may die at any moment: a delivery whose attempt was interrupted is due
    again when its lease ends. Of several processes, the one that ``leads`` delivers.
    """

    def __init__(
        self,
        deliveries: DeliveryService,
        guard: Guard,
        cipher: Cipher,
        leads: Callable[[], bool] = lambda: True,
        record: RecordSpan | None = None,
    ) -> None:
        super().__init__("deliverer", "delivering to webhooks", _POLL_INTERVAL_SECONDS, after_failure=_AFTER_FAILURE)
        self._record = record
        self._leads = leads
        self._deliveries = deliveries
        self._guard = guard
        self._cipher = cipher
        self._busy: Counter[str] = Counter()  # running attempts by the ids of webhooks and of their owners
        self._running = 0
        self._changed = threading.Condition()  # guards the two counts and the flag below
        self._abandoned = False

    def close(self) -> None:
        """Stop, and return when no attempt writes to the database any more."""
        super().close()
        with self._changed:
            self._changed.wait_for(lambda: self._running == 0, _SHUTDOWN_SECONDS)
            self._abandoned = True

    def _run_pass(self, *, is_woken: bool) -> None:  # noqa: ARG002  (all is in the database)
        if self._leads() and self._deliveries.is_anything_due():
            self._deliver_due()

    def _deliver_due(self) -> None:
        while self._deliveries.take_events() and not self._closing.is_set():
            self._send_due()
        self._send_due()

    def _send_due(self) -> None:
        with self._changed:
            free, busy = _SLOTS - self._running, self._busy.copy()
        for claimed in self._deliveries.claim(busy, free):
            with self._changed:
                self._running += 1
                self._busy.update([claimed.webhook_id, claimed.owner_id])
            threading.Thread(target=self._deliver, args=(claimed,), name="delivery", daemon=True).start()

    def _deliver(self, claimed: ClaimedDelivery) -> None:
        started, begun = time.monotonic(), time.time()
        try:
            result = self._send(claimed)
            if self._record is not None:
                self._record(_span_of(claimed, result, begun))
            log.info("delivery %s: %s in %.0f ms", claimed.id, result.status, (time.monotonic() - started) * 1e3)
            # Settled under the lock: `close` returns only when no attempt writes to the database, which closes next.
            with self._changed:
                if not self._abandoned:
                    self._deliveries.settle(claimed, result)
        except DatabaseAway:
            log.warning("delivery %s is sent again when its lease ends: the database is away", claimed.id)
        except Exception:
            log.exception("settling delivery %s failed; it is sent again when its lease ends", claimed.id)
        finally:
            with self._changed:
                self._running -= 1
                self._busy.subtract([claimed.webhook_id, claimed.owner_id])
                self._changed.notify_all()
            self._woken.set()

    def _send(self, claimed: ClaimedDelivery) -> DeliveryResult:
        try:
            url, headers, body = request_of(claimed, self._cipher)
            status, answer = post(self._guard, url, headers, body, TIMEOUT_SECONDS)
        except DecryptionError:
            return DeliveryResult(
                None, "The platform's key was replaced. Set the URL and the secret of this webhook again."
            )
        except ServiceError as error:
            return DeliveryResult(None, str(error))
        if 200 <= status < 300:
            return DeliveryResult(status, None)
        text = answer[:_SHOWN_CHARACTERS].decode("utf-8", "replace")
        return DeliveryResult(
            status, f"The receiver answered {status}: {text}" if text else f"The receiver answered {status}"
        )


def _span_of(claimed: ClaimedDelivery, result: DeliveryResult, begun: float) -> Span:
    """Return the span of an attempt at a delivery, in the trace of the job that the message is about."""
    message = json.loads(claimed.body)
    facts = {"voxel51.webhook.id": claimed.webhook_id, "voxel51.delivery.id": claimed.id}
    answer = {} if result.status is None else {"http.response.status_code": result.status}
    if message["event_id"] is None:  # a test, which is about no job
        place, parent_id = SpanPlace(new_trace_id(), new_span_id()), None
    else:
        of_job = place_of_job(message["id"])
        place, parent_id = SpanPlace(of_job.trace_id, new_span_id()), of_job.span_id
    return Span(
        "webhook delivery", place, begun, time.time(), parent_id, {**facts, **answer}, SpanKind.CLIENT,
        failed=result.error is not None,
    )  # fmt: skip
