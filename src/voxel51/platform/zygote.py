"""Zygote: the parent of job processes, ``python -m voxel51.platform.zygote --control FD --mode fork|exec NAME…``.

It imports the analytics ``NAME…`` once, and then forks one child per job that has them in memory. It has one thread,
because a process with threads cannot be forked safely. It runs no analytic itself. When the other end of the socket
``FD`` is closed, also by the death of that process, it ends every child and exits.

Messages on the socket are JSON objects, one per line. Requests:

- ``{"launch": id, "request", "wall_seconds"}``: start a child for the job that the file ``request`` describes. The
  zygote does not read the file: every later job inherits what the zygote holds in memory
- ``{"end": id}``: end a child and everything that it started

Reports:

- ``{"loading": name}``: importing an analytic, or running its setup. If the zygote dies now, that crashed it or started
  threads, and it must be started again without that analytic
- ``{"ready": true}``: the analytics that could be loaded are in memory
- ``{"started": id, "pid"}`` or ``{"refused": id, "reason"}``
- ``{"ended": id, "wait_status", "ended_by", "cpu_seconds", "peak_memory_bytes"}``: the child is reaped with all its
  descendants; ``ended_by`` is ``asked``, ``wall`` or null

It starts spare children, which wait for their launch requests (`voxel51.platform.spares`): the fork (milliseconds, with
large libraries in memory) and the sandbox are then done before the next job arrives.

With ``--setup-memory-bytes``, it also runs `Analytic.setup` of its analytics, so that its children have the result in
memory (a *warm* zygote). A setup may start threads, which do not exist in the children.

In the mode ``exec`` nothing is preloaded, and a child executes a new interpreter: for platforms on which a forked
process must not use inherited state.
"""

import argparse
import encodings.idna  # noqa: F401  (the first name resolution in a child would import it)
import gc
import json
import math
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import voxel51.transport.responses  # noqa: F401  (a child's first request would import it)
from voxel51.labels.field_types import JsonValue
from voxel51.platform import job_log, run
from voxel51.platform.loaded_analytics import LoadedAnalytics
from voxel51.platform.spares import Spares
from voxel51.runners.process_control import (
    PR_SET_CHILD_SUBREAPER,
    children,
    prctl,
    use_huge_pages,
)
from voxel51.runners.sandbox.launches import Launch, LaunchEnd, fork_server_for, start_launch
from voxel51.runners.sandbox.policy import SandboxPolicy, interpreter_paths
from voxel51.runners.sandbox.request import LaunchRequest
from voxel51.wire.analytics import ENTRY_POINT_GROUP

RECEIVED_BYTES = 65536


@dataclass(slots=True)
class _Child:
    """Processes of an attempt, or of a spare, which waits for one."""

    launch: Launch
    attempt_id: str | None = None
    deadline: float = math.inf
    ended_by: str | None = None


class Zygote:
    """Forks, watches and ends children. The module describes its messages."""

    def __init__(self, control: socket.socket, mode: str, policy: SandboxPolicy) -> None:
        self._control = control
        self._mode = mode
        self._policy = policy
        self._received = b""
        self._analytics = LoadedAnalytics(lambda name: self._report({"loading": name}))
        self._children: list[_Child] = []
        self._spares = Spares(self._new_child)
        self._wakeup, wakeup_end = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(wakeup_end, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._fork_server = fork_server_for(policy)
        self._is_fork_server_gone = False

    def load(self, names: list[str], modules: list[str], setup_memory_bytes: int | None) -> bool:
        """Import modules and analytics and, in so much memory if any, set the latter up; return False if this process
        cannot serve.
        """
        if not self._analytics.preload(names, modules):
            return False
        if setup_memory_bytes is not None and not self._analytics.set_up(setup_memory_bytes):
            return False
        self._prepare()
        return True

    def _prepare(self) -> None:
        """Prepare to fork children with everything that is loaded now, and report that."""
        needed = [*self._policy.readable, *map(str, interpreter_paths(ENTRY_POINT_GROUP))]
        self._policy = replace(self._policy, readable=tuple(needed))
        gc.collect()
        gc.freeze()  # exclude existing objects from collection, so that children do not copy their pages
        use_huge_pages()
        self._report({"ready": True})

    def serve(self) -> None:
        """Handle requests until the other end of the socket is closed; then end all children."""
        try:
            while True:
                self._wait()
                self._empty_wakeup()
                self._end_overdue()
                for child in self._all():
                    child.launch.advance()
                if not self._reap() or not self._handle_requests():
                    return
                if self._mode == "fork":
                    self._spares.keep()
        except BrokenPipeError:
            return
        finally:
            self._end_all()

    def _all(self) -> list[_Child]:
        return [*self._children, *self._spares.waiting]

    def _wait(self) -> None:
        """Wait for a request, the end of a child, a message of a launcher, or the next deadline."""
        poll = select.poll()
        launchers = [child.launch.descriptor for child in self._all() if child.launch.descriptor is not None]
        for descriptor in (self._control.fileno(), self._wakeup, *launchers):
            poll.register(descriptor, select.POLLIN)
        deadlines = [child.deadline for child in self._children if child.ended_by is None]
        if self._mode == "fork":
            deadlines.append(self._spares.due)
        seconds = min(deadlines, default=math.inf) - time.monotonic()
        poll.poll(None if seconds == math.inf else max(0.0, seconds) * 1000 + 1)

    def _empty_wakeup(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wakeup, RECEIVED_BYTES)

    def _handle_requests(self) -> bool:
        """Handle the requests received so far; return False if the other end is closed."""
        try:
            received = self._control.recv(RECEIVED_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        *lines, self._received = (self._received + received).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "launch" in request:
                self._launch(request)
            else:
                self._end(request["end"])
        return received != b""

    def _launch(self, request: dict[str, JsonValue]) -> None:
        try:
            child = self._begun(Path(request["request"]))
        except OSError as error:
            self._report({"refused": request["launch"], "reason": str(error)})
            return
        child.attempt_id = request["launch"]
        child.deadline = time.monotonic() + request["wall_seconds"]
        self._report({"started": child.attempt_id, "pid": child.launch.pid})
        self._spares.note_launch()

    def _begun(self, request: Path) -> _Child:
        """Begin the job of ``request`` in a spare or, if it is missing or dead, in a new child."""
        for child in (self._spares.take(), None):
            with suppress(BrokenPipeError):
                begun = child or self._new_child()
                self._children.append(begun)
                begun.launch.begin(request)
                return begun
        raise BrokenPipeError("the process for the job was killed")

    def _new_child(self) -> _Child:
        return _Child(start_launch(self._policy, self._fork_server, self._run))

    def _run(self, request: LaunchRequest) -> int:
        """Run a job in this process, which is set up for it."""
        name, folder = request["entry_point"], Path(request["folder"])
        if self._mode == "exec":
            os.environ["PYTHONPATH"] = os.pathsep.join(_module_path(request))
            os.execv(sys.executable, [sys.executable, "-P", "-m", "voxel51.platform.run", name])  # noqa: S606  (our own)
        sys.path += request["module_folders"]
        job_log.capture(folder)
        try:
            return run.run_job(lambda: self._analytics.get(name), os.environ, folder)
        finally:
            job_log.flush()

    def _end(self, attempt_id: str, reason: str = "asked") -> None:
        for child in self._children:
            if child.attempt_id == attempt_id:
                child.ended_by = child.ended_by or reason
                child.launch.kill()

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.deadline <= now and child.ended_by is None and child.attempt_id is not None:
                self._end(child.attempt_id, "wall")

    def _reap(self) -> bool:
        """Reap processes and report the children that have ended; return False if the fork server is among them."""
        is_any_reaped = False
        while self._reap_one(os.WNOHANG):
            is_any_reaped = True
        if is_any_reaped:
            self._end_orphans()
        if self._is_fork_server_gone:
            return False
        self._spares.waiting = [spare for spare in self._spares.waiting if spare.launch.end is None]
        for child in list(self._children):
            if child.launch.end is not None:
                self._forget(child, child.launch.end)
        return True

    def _reap_one(self, options: int) -> bool:
        """Reap one process; return False if none can be reaped. ``options`` are those of ``wait``."""
        try:
            pid, status, usage = os.wait4(-1, options)
        except ChildProcessError:
            return False
        if self._fork_server is not None and pid == self._fork_server.pid:
            self._is_fork_server_gone = True
        for child in self._all():
            if child.launch.child == pid:
                child.launch.reaped(status, usage)
        return pid != 0

    def _forget(self, child: _Child, end: LaunchEnd) -> None:
        self._children.remove(child)
        if not self._children:
            self._spares.hurry()
        if child.attempt_id is None:
            return  # a spare that was dead when a job came for it
        self._report(
            {
                "ended": child.attempt_id,
                "wait_status": end.wait_status,
                "ended_by": child.ended_by,
                "cpu_seconds": end.cpu_seconds,
                "peak_memory_bytes": end.peak_memory_bytes,
            }
        )

    def _end_orphans(self) -> None:
        """End processes that dead children left behind in sessions of their own.

        A living child adopts its own orphans (it is a subreaper), so a child of this process that it did not start
        belonged to a dead one.
        """
        while orphans := [pid for pid in children() if pid not in self._own_processes()]:
            for pid in orphans:
                os.kill(pid, signal.SIGKILL)
            # Any process, not the orphan: the kernel keeps the first process of a namespace until the last one, which
            # may be a child of this process, is reaped.
            self._reap_one(0)

    def _own_processes(self) -> set[int | None]:
        """Return the ids of the children that this process has started."""
        own = {child.launch.child for child in self._all() if child.launch.end is None}
        return own if self._fork_server is None else own | {self._fork_server.pid}

    def _end_all(self) -> None:
        for child in self._all():
            child.launch.kill()
        self._children.clear()
        self._spares.waiting.clear()
        self._fork_server = None
        self._end_orphans()

    def _report(self, message: dict[str, JsonValue]) -> None:
        self._control.sendall(json.dumps(message).encode() + b"\n")


def _module_path(request: LaunchRequest) -> list[str]:
    inherited = os.environ.get("PYTHONPATH")
    return [*([inherited] if inherited else []), *request["module_folders"]]


def main(arguments: list[str]) -> int:
    """Serve until the other end of the control socket is closed."""
    parser = argparse.ArgumentParser(prog="python -m voxel51.platform.zygote")
    parser.add_argument("--control", type=int, required=True, help="descriptor of a connected stream socket")
    parser.add_argument(
        "--mode",
        choices=["fork", "exec"],
        required=True,
        help="whether a child goes on after the fork or executes a new interpreter",
    )
    parser.add_argument("--policy", default=SandboxPolicy().to_json(), help="sandbox of the children, as JSON")
    parser.add_argument("--setup-memory-bytes", type=int, help="run the setup of the analytics, in this much memory")
    parser.add_argument("--module", action="append", default=[], help="module to import now; may be repeated")
    parser.add_argument("names", nargs="*", help="analytics to import now")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process at the other end of the socket decides when to stop
    os.set_inheritable(given.control, False)
    zygote = Zygote(socket.socket(fileno=given.control), given.mode, SandboxPolicy.from_json(given.policy))
    if not zygote.load(given.names, given.module, given.setup_memory_bytes):
        return 1
    zygote.serve()
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
