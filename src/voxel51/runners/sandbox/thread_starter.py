"""Thread starter: threads for a process whose own thread cannot start any."""

import queue
import threading
from collections.abc import Callable


class ThreadStarter:
    """Starts threads, in a thread that is started now.

    The kernel refuses new threads to the thread of a process that has made a process namespace for its children, but
    not to a thread that existed before.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def start(self, call: Callable[[], None]) -> None:
        """Run ``call`` in a thread of its own."""
        self._calls.put(call)

    def _serve(self) -> None:
        while True:
            call = self._calls.get()
            try:
                threading.Thread(target=call, daemon=True).start()
            except RuntimeError:  # no more threads: the calls run one after the other
                call()
