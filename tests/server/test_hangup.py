"""SIGHUP of a process with a terminal, without one, and after its terminal was closed."""

import os
import pty
import signal
import subprocess
import sys
import textwrap

import pytest

from support.waiting import LIMIT_SECONDS, wait_until

PROGRAM = textwrap.dedent("""
    import fcntl, signal, sys, termios, threading
    from voxel51.server.hangup import HangUp

    report, how = sys.argv[1:]
    if how != "no terminal":
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if how == "nohup":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hang_up, handled = HangUp(lambda: print("reload"), lambda: print("stop")), threading.Event()
    sys.stdout = open(report, "w", buffering=1)
    signal.signal(signal.SIGHUP, lambda number, frame: (hang_up(), handled.set()))
    print("ready")
    handled.wait()
""")


@pytest.mark.usefixtures("default_sighup")
@pytest.mark.parametrize(
    ("how", "terminal_closes", "reaction"),
    [
        ("terminal", False, "reload"),
        ("terminal", True, "stop"),
        ("nohup", True, "reload"),
        ("no terminal", False, "reload"),
    ],
)
def test_reaction_depends_on_the_terminal(tmp_path, how, terminal_closes, reaction):
    report = tmp_path / "report"
    controller, terminal = pty.openpty()
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, report, how], stdin=terminal, start_new_session=True)
    os.close(terminal)
    wait_until(lambda: report.exists() and "ready" in report.read_text())

    if terminal_closes:
        os.close(controller)  # the kernel sends the signal
    else:
        program.send_signal(signal.SIGHUP)

    assert program.wait(LIMIT_SECONDS) == 0
    assert report.read_text() == f"ready\n{reaction}\n"
    if not terminal_closes:
        os.close(controller)
