"""Runs attempts as child processes of this machine, forked in milliseconds from a zygote that has their code loaded."""

import logging
import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from voxel51.server.engine import orphan_processes
from voxel51.server.engine.launch import LaunchSpec
from voxel51.server.engine.runner import LOG_TAIL_BYTES, AttemptOutcome, ExitReason, ProcessIdentity
from voxel51.server.engine.runners.processes.environment import interpreter_environment
from voxel51.server.engine.runners.processes.exit_status import ExitStatus, OomKillCounter, classify_exit
from voxel51.server.engine.runners.processes.zygote import ZygoteProcess
from voxel51.wire.tasks import WEIGHTS_FOLDER

logger = logging.getLogger(__name__)

Mode = Literal["fork", "exec"]
DEFAULT_MODE: Mode = "fork" if sys.platform == "linux" else "exec"
"""Elsewhere a forked process may not go on with the system libraries that it inherited."""

START_SECONDS = 60.0
"""How long `ProcessRunner.start` waits, at most: a zygote that just started imports its analytics first."""

PAUSE_SECONDS = 1.0
"""Between two starts of a zygote that dies for no reason that could be left out."""


@dataclass(slots=True)
class _Attempt:
    launch: LaunchSpec
    folder: Path
    pid: Future[int] = field(default_factory=Future)
    stop_wanted: bool = False
    is_over: bool = False


class ProcessRunner:
    """A `voxel51.server.engine.runner.Runner` whose attempts are processes of this machine.

    Args:
        folder: a folder of its own, which it empties; each attempt works in one below it.
        preload: names of the analytics that the zygote imports. One that turns out to start threads, or to crash the
            zygote, is left out: its jobs import it themselves.
        interpreter: the command that starts Python with the analytics installed.
        mode: what a child becomes, see `voxel51.platform.zygote`.
        threads: how many threads the numeric libraries of one attempt use.
        module_folders: where modules are looked for, besides those of the interpreter.
    """

    def __init__(
        self,
        folder: Path,
        preload: Sequence[str] = (),
        interpreter: Sequence[str] = (sys.executable,),
        mode: Mode = DEFAULT_MODE,
        threads: int = 1,
        module_folders: Sequence[Path] = (),
        weights_folder: Path | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._preload = list(preload) if mode == "fork" else []
        self._interpreter = list(interpreter)
        self._mode = mode
        self._threads_per_attempt = threads
        self._module_folders = list(module_folders)
        self._shared = {} if weights_folder is None else {WEIGHTS_FOLDER: str(weights_folder.resolve())}
        self._oom_kills = OomKillCounter()
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._attempts: dict[str, _Attempt] = {}
        self._endings: queue.SimpleQueue[tuple[_Attempt, ExitReason, int | None, str] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._zygote: ZygoteProcess | None = None
        self._workers: list[threading.Thread] = []

    def open(self, ended: Callable[[AttemptOutcome], None]) -> None:
        """Make ready; see `voxel51.server.engine.runner.Runner.open`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        orphan_processes.kill_started_in(self._folder)
        for path in self._folder.iterdir():
            _remove(path)
        self._zygote = self._new_zygote()
        self._workers = [
            threading.Thread(target=self._listen, args=(self._zygote,), name="runner-listen", daemon=True),
            threading.Thread(target=self._settle, args=(ended,), name="runner-settle", daemon=True),
        ]
        for thread in self._workers:
            thread.start()

    def start(self, launch: LaunchSpec) -> ProcessIdentity:
        """Start an attempt; see `voxel51.server.engine.runner.Runner.start`."""
        folder = self._folder / launch.attempt_id
        _make_folders(folder)
        attempt = _Attempt(launch, folder)
        with self._lock:
            if self._zygote is None or self._closing.is_set():
                _remove(folder)
                raise OSError("the runner is closed")
            self._attempts[launch.attempt_id] = attempt
            self._zygote.say(self._told(attempt))
        try:
            pid = attempt.pid.result(START_SECONDS)
        except FutureTimeoutError:
            self._forget(attempt)
            raise TimeoutError(f"no process for the attempt {launch.attempt_id} within {START_SECONDS:g} s") from None
        except OSError:
            self._forget(attempt)
            raise
        return ProcessIdentity(pid, orphan_processes.started_at(pid))

    def stop(self, attempt_id: str) -> None:
        """End an attempt; see `voxel51.server.engine.runner.Runner.stop`."""
        with self._lock:
            attempt = self._attempts.get(attempt_id)
            if attempt is not None and self._zygote is not None:
                attempt.stop_wanted = True
                self._zygote.say({"end": attempt_id})

    def close(self) -> None:
        """End everything; see `voxel51.server.engine.runner.Runner.close`."""
        self._closing.set()
        with self._lock:
            zygote = self._zygote
            running = list(self._attempts)
        if zygote is None:
            return
        for attempt_id in running:
            self.stop(attempt_id)
        with self._settled:
            self._settled.wait_for(lambda: not self._attempts, orphan_processes.ENDING_SECONDS)
            self._zygote = None
        zygote.hang_up()
        for thread in self._workers:
            thread.join()
        orphan_processes.kill_started_in(self._folder)

    # The zygote, as seen by the one thread that listens to it.

    def _listen(self, zygote: ZygoteProcess) -> None:
        current: ZygoteProcess | None = zygote
        while current is not None:
            loading, ready = self._hear(current)
            current.bury()
            orphan_processes.kill_started_in(self._folder)
            self._lose_running()
            current = self._replace(loading, ready)
        self._endings.put(None)

    def _hear(self, zygote: ZygoteProcess) -> tuple[str | None, bool]:
        """Do what the zygote's messages ask until it is dead; what it was loading then, and whether it got further."""
        loading, ready = None, False
        for message in zygote.messages():
            if "loading" in message:
                loading = message["loading"]
            elif "ready" in message:
                loading, ready = None, True
            elif "started" in message:
                self._started(message["started"], message["pid"])
            elif "refused" in message:
                self._refused(message["refused"], message["reason"])
            elif "ended" in message:
                self._ended(message)
        return loading, ready

    def _started(self, attempt_id: str, pid: int) -> None:
        attempt = self._attempts.get(attempt_id)
        if attempt is not None:
            attempt.pid.set_result(pid)

    def _refused(self, attempt_id: str, reason: str) -> None:
        attempt = self._attempts.get(attempt_id)
        if attempt is not None:
            attempt.pid.set_exception(OSError(f"the attempt {attempt_id} could not be started: {reason}"))

    def _ended(self, message: dict[str, Any]) -> None:
        attempt = self._attempts.get(message["ended"])
        if attempt is None:
            return
        by_us = message["ended_by"] is not None
        death = ExitStatus(
            wait_status=message["wait_status"],
            ended_by=message["ended_by"],
            cpu_seconds=message["cpu_seconds"],
            peak_memory_bytes=message["peak_memory_bytes"],
            oom_killed=not by_us and os.WIFSIGNALED(message["wait_status"]) and self._oom_kills.has_increased(),
        )
        self._over(attempt, *classify_exit(death, attempt.launch.limits))

    def _lose_running(self) -> None:
        """The zygote is dead, and with it all that it started."""
        with self._lock:
            running = [attempt for attempt in self._attempts.values() if attempt.pid.done()]
        for attempt in running:
            if attempt.stop_wanted:
                self._over(attempt, ExitReason.STOPPED, None, "The job was stopped.")
            else:
                self._over(attempt, ExitReason.LOST, None, "The process that watches over jobs died.")

    def _over(self, attempt: _Attempt, ending: ExitReason, exit_code: int | None, detail: str) -> None:
        """Have an attempt settled, once: its zygote may die before that is done."""
        if not attempt.is_over:
            attempt.is_over = True
            self._endings.put((attempt, ending, exit_code, detail))

    def _replace(self, loading: str | None, ready: bool) -> ZygoteProcess | None:
        """A new zygote, told of the attempts that the dead one had not started yet; None when it is time to go."""
        if loading is not None and loading in self._preload:
            logger.warning("importing the analytic %s crashes or starts threads: its jobs start more slowly", loading)
            self._preload.remove(loading)
        elif not self._closing.is_set():
            logger.error("the zygote died %s and is started again", "at work" if ready else "before it was ready")
        zygote = None
        while zygote is None and not self._closing.is_set():
            if not ready and loading is None:
                self._closing.wait(PAUSE_SECONDS)
            try:
                zygote = self._new_zygote()
            except OSError:
                logger.exception("the zygote cannot be started")
                loading, ready = None, False
        with self._lock:
            if self._closing.is_set():
                self._refuse_waiting()
                if zygote is not None:
                    zygote.hang_up()
                    zygote.bury()
                return None
            self._zygote = zygote
            for attempt in [a for a in self._attempts.values() if not a.pid.done()]:
                self._tell_again(attempt)
        return zygote

    def _tell_again(self, attempt: _Attempt) -> None:
        _remove(attempt.folder)
        _make_folders(attempt.folder)
        if self._zygote is not None:
            self._zygote.say(self._told(attempt))
            if attempt.stop_wanted:
                self._zygote.say({"end": attempt.launch.attempt_id})

    def _refuse_waiting(self) -> None:
        for attempt in self._attempts.values():
            if not attempt.pid.done():
                attempt.pid.set_exception(OSError("the runner was closed before the attempt had started"))

    def _new_zygote(self) -> ZygoteProcess:
        environment = interpreter_environment(self._folder, 1, self._module_folders)
        return ZygoteProcess(self._interpreter, self._mode, self._preload, self._folder, environment)

    def _told(self, attempt: _Attempt) -> dict[str, Any]:
        launch = attempt.launch
        work = attempt.folder / "work"
        return {
            "launch": launch.attempt_id,
            "entry_point": launch.entry_point,
            "folder": str(work),
            "log": str(attempt.folder / "log"),
            "environment": interpreter_environment(work, self._threads_per_attempt, self._module_folders)
            | self._shared
            | dict(launch.environment),
            "limits": launch.limits,
        }

    # What becomes of an attempt that has ended, in the one thread that calls back.

    def _settle(self, ended: Callable[[AttemptOutcome], None]) -> None:
        while (ending := self._endings.get()) is not None:
            attempt, kind, exit_code, detail = ending
            outcome = AttemptOutcome(attempt.launch.attempt_id, kind, exit_code, detail, _tail(attempt.folder / "log"))
            _remove(attempt.folder)
            if attempt.pid.done():
                self._call_back(ended, outcome)
            with self._settled:
                self._attempts.pop(outcome.attempt_id, None)
                self._settled.notify_all()

    def _call_back(self, ended: Callable[[AttemptOutcome], None], outcome: AttemptOutcome) -> None:
        try:
            ended(outcome)
        except Exception:
            logger.exception("settling attempt %s (%s) failed", outcome.attempt_id, outcome.exit_reason)

    def _forget(self, attempt: _Attempt) -> None:
        """Nobody is to hear of this attempt: it could not be started."""
        with self._settled:
            self._attempts.pop(attempt.launch.attempt_id, None)
            if self._zygote is not None:
                self._zygote.say({"end": attempt.launch.attempt_id})
            self._settled.notify_all()
        _remove(attempt.folder)


def _make_folders(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "work").mkdir(mode=0o700)


def _tail(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
            return file.read(LOG_TAIL_BYTES)
    except OSError:
        return b""


def _remove(path: Path) -> None:
    """Remove a file or folder with everything below it, also what its owner made unreadable."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        for folder, names, _files in os.walk(path):
            for name in names:
                with suppress(OSError):
                    (Path(folder) / name).chmod(0o700, follow_symlinks=False)
        shutil.rmtree(path, ignore_errors=True)
