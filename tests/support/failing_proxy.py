"""An HTTP proxy before a store that fails some requests and is slow."""

import threading
import time
from collections.abc import Mapping

from support.holding_proxy import HoldingProxy


class FailingProxy(HoldingProxy):
    """Answers the first ``failures`` uploads with status 500 and the others after ``pause_seconds``.

    Attributes:
        failed: number of requests that got status 500.
    """

    def __init__(self, target: str, failures: int, pause_seconds: float) -> None:
        super().__init__(target)
        self._failures = failures
        self._pause_seconds = pause_seconds
        self._lock = threading.Lock()
        self.failed = 0

    def pass_on(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Fail, or wait and pass the request on."""
        with self._lock:
            fails = method == "PUT" and self.failed < self._failures
            self.failed += fails
        if fails:
            return 500, {}, b"<Error><Code>InternalError</Code></Error>"
        time.sleep(self._pause_seconds)
        return super().pass_on(method, path, headers, body)
