"""The parent of all jobs' children: ``python -m voxel51.platform.zygote --control FD --mode fork|exec NAME…``.

It imports the analytics ``NAME…`` once, and then forks a child per job that finds them in memory. It has one thread,
always: a process with threads cannot be forked safely. It runs no analytic itself, and lives as long as somebody holds
the other end of the socket ``FD``; when that is closed, by whatever death, it ends every child and goes.

On the socket, one JSON object a line. It is told:

- ``{"launch": id, "entry_point", "folder", "log", "environment", "limits"}``: start a child
- ``{"end": id}``: end it, with everything that it started

It says:

- ``{"loading": name}``: about to import an analytic. If it goes now, importing that crashed it or started threads, and
  it must be started anew without
- ``{"ready": true}``: children find in memory what could be loaded
- ``{"started": id, "pid"}`` or ``{"refused": id, "reason"}``
- ``{"ended": id, "wait_status", "ended_by", "cpu_seconds", "peak_memory_bytes"}``: the child is reaped and nothing of
  it is left; ``ended_by`` is ``asked``, ``wall`` or null

When nothing has been launched for a moment it forks one child ahead, a spare that waits for its orders: the fork
(milliseconds, with big libraries in memory) is then over before the next job comes.

In the mode ``exec`` nothing is preloaded, and a child becomes a fresh interpreter: for platforms where a forked process
may not go on with what it inherited.
"""

import argparse
import encodings.idna  # noqa: F401  (a child's first look at an address would import it)
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Never

import voxel51.transport.responses  # noqa: F401  (a child's first request would import it)
from voxel51.platform import job_log, run
from voxel51.platform.analytic import Analytic, load_analytic
from voxel51.platform.child_process import become_job_process
from voxel51.platform.process_control import IS_LINUX, PR_SET_CHILD_SUBREAPER, children, prctl, thread_count
from voxel51.wire.tasks import TaskExit

RECEIVED_BYTES = 65536

SPARE_AFTER_SECONDS = 0.2
"""How long after a launch the next spare is forked, unless all children end before: it does not hold up short jobs."""


@dataclass(frozen=True, slots=True)
class _Spare:
    pid: int
    orders: int  # descriptor; what is written to it before it is closed is what the child is told


@dataclass(slots=True)
class _Child:
    attempt_id: str
    deadline: float
    ended_by: str | None = None


class Zygote:
    """Forks, watches and ends children; see the module for what it is told and says."""

    def __init__(self, control: socket.socket, mode: str) -> None:
        self._control = control
        self._mode = mode
        self._received = b""
        self._analytics: dict[str, Analytic] = {}
        self._children: dict[int, _Child] = {}
        self._spare: _Spare | None = None
        self._spare_due = 0.0
        self._wakeup, wakeup_end = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(wakeup_end, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
        prctl(PR_SET_CHILD_SUBREAPER, 1)

    def preload(self, names: list[str]) -> bool:
        """Import the analytics ``names`` and what they want preloaded; False when one of them started threads.

        One that cannot be imported is left to its jobs, which say why in their logs.
        """
        for name in names:
            self._say({"loading": name})
            try:
                analytic = load_analytic(name)
                for module in analytic.preload:
                    import_module(module)
                self._analytics[name] = analytic
            except Exception:
                traceback.print_exc()
            if thread_count() > 1:
                sys.stderr.write(f"importing {name} started threads\n")
                return False
        gc.collect()
        gc.freeze()  # what is here now is never collected, so children do not copy its pages
        self._say({"ready": True})
        return True

    def serve(self) -> None:
        """Do what is told until the other end is closed; leaves no child."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        try:
            while True:
                poll.poll(self._wait_ms())
                self._empty_wakeup()
                self._end_overdue()
                self._reap()
                if not self._obey():
                    return
                self._keep_spare()
        except BrokenPipeError:
            return
        finally:
            self._end_all()

    def _wait_ms(self) -> float | None:
        deadlines = [child.deadline for child in self._children.values() if child.ended_by is None]
        if self._spare is None and self._mode == "fork":
            deadlines.append(self._spare_due)
        if not deadlines:
            return None
        return max(0.0, min(deadlines) - time.monotonic()) * 1000 + 1

    def _empty_wakeup(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wakeup, RECEIVED_BYTES)

    def _obey(self) -> bool:
        """Do what has been told by now; False when the other end is closed."""
        try:
            received = self._control.recv(RECEIVED_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        *lines, self._received = (self._received + received).split(b"\n")
        for line in lines:
            told = json.loads(line)
            if "launch" in told:
                self._launch(told)
            else:
                self._end(told["end"])
        return received != b""

    def _launch(self, told: dict[str, Any]) -> None:
        try:
            pid = self._use_spare(told) or self._fork(told)
        except OSError as error:
            self._say({"refused": told["launch"], "reason": str(error)})
            return
        self._children[pid] = _Child(told["launch"], time.monotonic() + told["limits"]["wall_seconds"])
        self._say({"started": told["launch"], "pid": pid})
        self._spare_due = time.monotonic() + SPARE_AFTER_SECONDS

    def _fork(self, told: dict[str, Any]) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(parent, told)
        return pid

    def _use_spare(self, told: dict[str, Any]) -> int | None:
        """Give its orders to the spare; None where there is none, or it is dead."""
        spare, self._spare = self._spare, None
        if spare is None:
            return None
        try:
            os.write(spare.orders, json.dumps(told).encode())
        except BrokenPipeError:
            return None
        finally:
            os.close(spare.orders)
        return spare.pid

    def _keep_spare(self) -> None:
        if self._mode == "exec" or self._spare is not None or time.monotonic() < self._spare_due:
            return
        parent = os.getpid()
        reading, writing = os.pipe()
        try:
            pid = os.fork()
        except OSError:  # no room now: jobs that come are forked when they come, or refused
            os.close(writing)
            self._spare_due = time.monotonic() + 1.0
        else:
            if pid == 0:
                os.close(writing)
                self._await_orders(parent, reading)
            self._spare = _Spare(pid, writing)
        os.close(reading)

    def _await_orders(self, parent: int, reading: int) -> Never:
        """Become the child that is described on ``reading``, or go when the other end is closed without a word."""
        text = b""
        while part := os.read(reading, RECEIVED_BYTES):
            text += part
        if not text:
            os._exit(0)
        self._become_child(parent, json.loads(text))

    def _become_child(self, parent: int, told: dict[str, Any]) -> Never:
        code: int = TaskExit.NOT_STARTED
        try:
            self._control.detach()  # closed with all the others; a later close of this object must not hit a successor
            folder = Path(told["folder"])
            become_job_process(parent, folder, Path(told["log"]), told["environment"], told["limits"])
            code = self._run(told["entry_point"], folder)
        except BaseException:
            traceback.print_exc()
        finally:
            job_log.flush()
            os._exit(code)

    def _run(self, name: str, folder: Path) -> int:
        if self._mode == "exec":
            os.execv(sys.executable, [sys.executable, "-P", "-m", "voxel51.platform.run", name])  # noqa: S606  (our own)
        job_log.capture(folder)
        return run.run_job(lambda: self._analytics.get(name) or load_analytic(name), os.environ, folder)

    def _end(self, attempt_id: str, reason: str = "asked") -> None:
        for pid, child in self._children.items():
            if child.attempt_id == attempt_id:
                child.ended_by = child.ended_by or reason
                _end_child(pid)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.deadline <= now and child.ended_by is None:
                self._end(child.attempt_id, "wall")

    def _reap(self) -> None:
        while self._children or self._spare:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                break
            if self._spare is not None and pid == self._spare.pid:
                self._drop_spare()
            child = self._children.pop(pid, None)
            if child is None:
                continue  # something that an ended child left behind, or a spare that somebody ended
            _end_group(pid)
            self._end_orphans()
            if not self._children:
                self._spare_due = min(self._spare_due, time.monotonic())
            self._say(
                {
                    "ended": child.attempt_id,
                    "wait_status": status,
                    "ended_by": child.ended_by,
                    "cpu_seconds": usage.ru_utime + usage.ru_stime,
                    "peak_memory_bytes": usage.ru_maxrss * (1024 if IS_LINUX else 1),
                }
            )

    def _end_orphans(self) -> None:
        """End what dead children left behind in sessions of their own.

        A living child takes in its own orphans, so a child of this process that it did not start is a dead one's.
        """
        own = {*self._children, self._spare.pid} if self._spare else set(self._children)
        while orphans := [pid for pid in children() if pid not in own]:
            for pid in orphans:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _drop_spare(self) -> None:
        if self._spare is not None:
            os.close(self._spare.orders)
            self._spare = None

    def _end_all(self) -> None:
        self._drop_spare()  # which is then an orphan like any other
        for pid in self._children:
            _end_child(pid)
        for pid in self._children:
            os.waitpid(pid, 0)
            _end_group(pid)
        self._children.clear()
        self._end_orphans()

    def _say(self, message: dict[str, Any]) -> None:
        self._control.sendall(json.dumps(message).encode() + b"\n")


def _end_child(pid: int) -> None:
    """End a child that is not reaped yet, with its group; it leads none in the first moment of its life."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _end_group(pid)


def _end_group(pid: int) -> None:
    """End what is left of the group that ``pid`` led. Its number is not given out again while it has members."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def main(arguments: list[str]) -> int:
    """Serve until the other end of the control socket is closed."""
    parser = argparse.ArgumentParser(prog="python -m voxel51.platform.zygote")
    parser.add_argument("--control", type=int, required=True, help="descriptor of a connected stream socket")
    parser.add_argument("--mode", choices=["fork", "exec"], required=True, help="what becomes of a child")
    parser.add_argument("names", nargs="*", help="analytics to import now")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever holds the other end decides when it is over
    os.set_inheritable(given.control, False)
    zygote = Zygote(socket.socket(fileno=given.control), given.mode)
    if zygote.preload(given.names):
        zygote.serve()
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
