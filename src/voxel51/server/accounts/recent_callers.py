"""Recent callers: callers whose credentials were checked a moment ago, so that most requests need no query for that."""

import threading
import time
from collections.abc import Callable, Hashable

from voxel51.server.accounts.callers import Caller

RECALL_SECONDS = 1.0
"""Time for which a check counts. So long may a credential that another process revokes go on to be accepted."""

_MAX_CALLERS = 10_000
"""Beyond this number all are dropped, and checked again."""


class RecentCallers:
    """Callers by their credentials, whose secret parts are hashed. Safe from any thread.

    A check counts for `RECALL_SECONDS`, and only until this process next commits anything to the database: `clear` is
    called then. A revocation, or another change of an account, takes effect at once for requests to the process that
    makes it, and within that time for those to other processes. The command line is another process too.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._callers: dict[Hashable, tuple[Caller, float]] = {}  # credential -> caller, until when
        self._clearings = 0

    def get(self, credential: Hashable) -> Caller | None:
        """Return the caller of a credential that was checked a moment ago; None for any other."""
        caller, until = self._callers.get(credential, (None, 0.0))
        return caller if self._clock() < until else None

    def find(self, credential: Hashable, check: Callable[[], Caller]) -> Caller:
        """Return the caller of a credential, after ``check`` if that is not known; raise as it does."""
        known = self.get(credential)
        if known is not None:
            return known
        clearings, until = self._clearings, self._clock() + RECALL_SECONDS
        caller = check()
        with self._lock:
            if self._clearings == clearings:  # otherwise the check may have read the state before a commit
                if len(self._callers) >= _MAX_CALLERS:
                    self._callers.clear()
                self._callers[credential] = caller, until
        return caller

    def clear(self) -> None:
        """Drop all callers, because the database has changed."""
        with self._lock:
            self._clearings += 1
            self._callers.clear()
