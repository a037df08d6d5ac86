"""SIGHUP: reload the installed packages, or stop because the terminal of the platform was closed."""

import os
import signal
from collections.abc import Callable


class HangUp:
    """Handler of SIGHUP.

    The signal has two meanings: an operator asks for a reload, or the terminal in which the platform runs was closed.
    They are told apart by whether the terminal still exists.

    Args:
        reload: begin a reload.
        stop: stop the platform.
    """

    def __init__(self, reload: Callable[[], None], stop: Callable[[], None]) -> None:
        self._reload = reload
        self._stop = stop
        # `nohup` ignores the signal: the platform is to outlive its terminal.
        outlives_terminal = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._ends_with_terminal = _has_terminal() and not outlives_terminal

    def __call__(self) -> None:
        """Handle one signal."""
        if self._ends_with_terminal and not _has_terminal():
            self._stop()
        else:
            self._reload()


def _has_terminal() -> bool:
    """Return whether this process has a controlling terminal that is still open."""
    try:
        os.close(os.open(os.ctermid(), os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
