"""Outages of the database: log when each begins and ends, refuse at once meanwhile, and remember the last one."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from voxel51.wire import dates

log = logging.getLogger(__name__)

_TRIAL_WAIT_SECONDS = 1.0


class Outages:
    """Outages of one database, as this process noticed them. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: float | None = None  # on the monotonic clock; None while the database answers
        self._last_noticed_at: datetime | None = None
        self._trial = threading.Lock()
        self._on_trial: ContextVar[bool] = ContextVar("on trial", default=False)

    @property
    def is_on(self) -> bool:
        """Whether the database did not answer when it was last used."""
        return self._began is not None

    @contextmanager
    def trial(self) -> Iterator[bool]:
        """Yield whether the caller may use the database: during an outage, only one caller at a time tries.

        The others wait shortly for how that ends. A database that is paused or unreachable takes seconds to fail, and
        without this, all threads of the platform would wait for it, and with them requests that need no database.
        """
        if self._began is None or self._on_trial.get():
            yield True
            return
        if not self._trial.acquire(timeout=_TRIAL_WAIT_SECONDS):
            yield False
            return
        if self._began is None:  # the trial before succeeded
            self._trial.release()
            yield True
            return
        entered = self._on_trial.set(True)
        try:
            yield True
        finally:
            self._on_trial.reset(entered)
            self._trial.release()

    def notice_failure(self, reason: str) -> None:
        """Record that the database did not answer. The first failure of an outage is logged with ``reason``."""
        with self._lock:
            self._last_noticed_at = dates.now()
            if self._began is not None:
                return
            self._began = time.monotonic()
        log.error("the database does not answer: %s. Requests get status 503 until it does", reason)

    def notice_success(self) -> None:
        """Record that the database answered, which ends an outage."""
        if self._began is None:  # read without the lock, because this is called after every transaction
            return
        with self._lock:
            began, self._began = self._began, None
            self._last_noticed_at = dates.now()
        if began is not None:
            log.warning("the database answers again, after %.1f s", time.monotonic() - began)

    def any_since(self, moment: datetime) -> bool:
        """Return whether the database was away at ``moment`` or later."""
        with self._lock:
            return self._began is not None or (self._last_noticed_at is not None and self._last_noticed_at >= moment)
