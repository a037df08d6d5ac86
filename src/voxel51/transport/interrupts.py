"""Ctrl-C while the HTTP library waits.

The library waits outside the interpreter, where a signal is noticed only once the wait is over: minutes, with a large
upload. So in the main thread, which alone receives signals, the wait is given to a thread beside it (30 µs), and the
main thread waits for that one as Python does, interruptibly.
"""

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")


class _Errand:
    """One piece of work on its way through a `_Runner`."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.work = work
        self.result: object = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:  # raised again where the work was wanted
            self.error = error
        self.done.release()


class _Runner:
    """A thread that runs one errand at a time. It ends with the interpreter."""

    def __init__(self) -> None:
        self.errands: SimpleQueue[_Errand] = SimpleQueue()
        threading.Thread(target=self._run, name="voxel51-transport", daemon=True).start()

    def _run(self) -> None:
        while True:
            self.errands.get().run()


_idle: list[_Runner] = []
os.register_at_fork(after_in_child=_idle.clear)  # threads stay behind in the parent


def interruptibly(work: Callable[[], Result], abandon: Callable[[], None]) -> Result:
    """What ``work()`` returns or raises. A signal in the meantime calls ``abandon``, which is to make ``work`` give up.

    Work that a signal handler starts in the midst of other work gets a thread of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    runner = _idle.pop() if _idle else _Runner()
    errand = _Errand(work)
    runner.errands.put(errand)
    try:
        errand.done.acquire()
    except BaseException:
        abandon()
        raise
    _idle.append(runner)
    if errand.error is not None:
        raise errand.error
    return errand.result  # type: ignore[return-value]  # the errand keeps whatever the work returned
