"""A job ends with the process that started it."""

import os
import signal
import threading
import time

from voxel51.platform.kernel import IS_LINUX, PR_SET_PDEATHSIG, control_process

WATCH_SECONDS = 0.5


def end_with_parent(parent: int) -> None:
    """From now on this process dies when ``parent``, which started it, does.

    On Linux the kernel sees to it; elsewhere a thread looks twice a second, and takes the process group along. A
    parent that is dead already ends this process here.
    """
    if IS_LINUX:
        control_process(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=watch_parent, args=(parent,), daemon=True, name="parent-watch").start()
    if os.getppid() != parent:  # it died before the line above took hold
        os.kill(os.getpid(), signal.SIGKILL)


def watch_parent(parent: int) -> None:
    """Return never; end this process group when ``parent`` has died."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os.killpg(0, signal.SIGKILL)
