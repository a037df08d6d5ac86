"""Zygote supervision: keep one zygote alive, and start and stop attempts on it.

A thread reads the messages of the zygote and replaces it when it dies. The attempts that it had started die with it and
are lost; those that it had not started yet are launched again on the new one. A supervisor that is retired takes no
further attempts, and its zygote exits once the last of its attempts has been reported.
"""

import logging
import threading
from collections.abc import Callable, Sequence, Set
from pathlib import Path

from voxel51.runners import orphan_processes
from voxel51.runners.processes.attempts import AttemptEnd, RunningAttempt, ZygoteAttempts
from voxel51.runners.processes.folders import remove
from voxel51.runners.processes.workspaces import Workspaces
from voxel51.runners.processes.zygote import LOG_NAME, LaunchMessage, ZygoteMessage, ZygoteProcess
from voxel51.wire.backoff import Backoff

logger = logging.getLogger(__name__)

RESTART_BACKOFF = Backoff(first_seconds=1.0, longest_seconds=30.0)
"""Pauses before a zygote is started again that died for a reason that leaving out an analytic does not remove."""

_SHOWN_CHARACTERS = 2000
"""Length of the end of a zygote's output that the log of the platform shows."""

StartZygote = Callable[[Sequence[str], Path], ZygoteProcess]
"""Starts a zygote that imports the analytics of these names and works in this folder; raises `OSError`."""


class ZygoteSupervisor:
    """Supervisor of one zygote.

    Args:
        start_zygote: starts the zygote.
        folder: folder in which the zygote works; `open` creates it, and it is removed at the end.
        preload: names of the analytics that the zygote imports.
        workspaces: workspaces of the runner's attempts.
        import_seconds: time that the import of one analytic may take.
        ended: called once for every attempt that was started and has ended, from the thread of the supervisor.
        is_replaced: whether a zygote that dies is replaced even if no attempt waits for one.
    """

    def __init__(
        self,
        start_zygote: StartZygote,
        folder: Path,
        preload: Sequence[str],
        workspaces: Workspaces,
        import_seconds: float,
        ended: Callable[[AttemptEnd], None],
        *,
        is_replaced: bool = True,
    ) -> None:
        self._start_zygote = start_zygote
        self._folder = folder
        self._preload = list(preload)
        self._workspaces = workspaces
        self._import_seconds = import_seconds
        # Its lock also guards `_zygote`: an attempt that is in the table when a zygote is replaced is launched again on
        # the new one, and an attempt that enters later finds the new one.
        self._attempts = ZygoteAttempts(ended)
        self._zygote: ZygoteProcess | None = None
        self._is_replaced = is_replaced
        self._is_retired = False
        self._closing = threading.Event()
        self._ready_or_closing = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="zygote-supervisor", daemon=True)
        self._loading: str | None = None  # the analytic that the zygote imports; used by the own thread only
        self._failed_starts = 0  # of zygotes, in a row; used by the own thread only

    def open(self) -> None:
        """Start the zygote.

        Raises:
            OSError: it could not be started.
        """
        self._folder.mkdir(mode=0o700)
        try:
            self._zygote = self._start_zygote(self._preload, self._folder)
        except OSError:
            remove(self._folder)
            raise
        self._thread.start()

    @property
    def zygote_pid(self) -> int | None:
        """Process id of the zygote, alive or dead; None before `open` and after `close`."""
        zygote = self._zygote
        return None if zygote is None else zygote.pid

    def wait_until_ready(self, seconds: float) -> bool:
        """Return whether the zygote has imported its analytics, at the latest after ``seconds``."""
        return self._ready_or_closing.wait(seconds) and not self._closing.is_set()

    def is_ready(self) -> bool:
        """Return whether a zygote of this supervisor has imported its analytics at some time."""
        return self.wait_until_ready(0)

    def is_alive(self) -> bool:
        """Return whether there is a zygote, or will be one again."""
        return self._thread.is_alive()

    def launch(self, attempt: RunningAttempt) -> bool:
        """Ask for the start of an attempt, whose ``pid`` gets the result; False if this supervisor takes no more."""
        with self._attempts.changed:
            if self._zygote is None or self._is_retired or self._closing.is_set():
                return False
            self._attempts.add(attempt)
            self._zygote.launch(_launch_message(attempt))
        return True

    def stop(self, attempt_id: str) -> None:
        """Kill an attempt and every process that it started. Ignore unknown ids."""
        with self._attempts.changed:
            attempt = self._attempts.find(attempt_id)
            if attempt is not None and self._zygote is not None:
                attempt.stop_requested = True
                self._zygote.kill(attempt_id)

    def attempts(self) -> Set[str]:
        """Return the ids of the attempts that were launched and not removed."""
        return self._attempts.ids()

    def remove(self, attempt: RunningAttempt) -> None:
        """Remove an attempt that was reported, or that could not be started."""
        with self._attempts.changed:
            self._attempts.remove(attempt)
            self._release_if_idle()

    def retire(self) -> None:
        """Take no more attempts, and let the zygote exit once the last one is removed. Does not wait for that."""
        with self._attempts.changed:
            self._is_retired = True
            self._release_if_idle()

    def close(self) -> None:
        """Kill every attempt, wait until all are reported, and end the zygote."""
        self._closing.set()
        self._ready_or_closing.set()
        for attempt_id in self.attempts():
            self.stop(attempt_id)
        self._attempts.wait_until_empty(orphan_processes.KILL_TIMEOUT_SECONDS)
        with self._attempts.changed:
            zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.disconnect()
            self._thread.join()

    def _release_if_idle(self) -> None:
        if self._is_retired and not self._attempts and self._zygote is not None:
            self._zygote.disconnect()

    # Everything below runs in the thread of the supervisor.

    def _supervise(self) -> None:
        current = self._zygote
        while current is not None:
            loading, was_ready = self._process_messages(current)
            # The zygote is dead. The kernel kills its children; what they started is killed here, so that every process
            # of an attempt is gone before the attempt is reported.
            current.reap()
            if not was_ready and not self._closing.is_set():
                logger.warning("the zygote died before it was ready; it printed: %s", self._last_output())
            self._kill_leftovers()
            self._attempts.end_started()
            current = self._replace(loading, was_ready)
        remove(self._folder)

    def _process_messages(self, zygote: ZygoteProcess) -> tuple[str | None, bool]:
        """Process messages until the zygote is dead.

        Returns:
            the analytic that it was importing when it died, if any, and whether it had finished its imports.
        """
        self._loading, is_ready = None, False
        for message in zygote.messages(self._message_limit):
            if "loading" in message:
                self._loading = message["loading"]
            elif "ready" in message:
                self._loading, is_ready = None, True
                self._ready_or_closing.set()
            else:
                self._process_message(message)
        return self._loading, is_ready

    def _message_limit(self) -> float | None:
        """Return how many seconds the next message of the zygote may take: while it imports, it sends no other."""
        return None if self._loading is None else self._import_seconds

    def _last_output(self) -> str:
        """Return the last lines that the zygotes of this supervisor have printed."""
        try:
            return (self._folder / LOG_NAME).read_text(errors="replace")[-_SHOWN_CHARACTERS:].strip() or "nothing"
        except OSError:
            return "nothing"

    def _process_message(self, message: ZygoteMessage) -> None:
        try:
            self._attempts.apply(message)
        except Exception:  # without this thread, no attempt would start or end any more
            logger.exception("a message of the zygote could not be processed: %s", message)

    def _kill_leftovers(self) -> None:
        # Only those of this zygote, because another of the same runner may be at work. Its children have its folder in
        # their environment, and what they started has the folder of the attempt.
        folders = [attempt.workspace.folder.path for attempt in self._attempts.all()]
        try:
            orphan_processes.kill_started_in(self._folder, *folders)
        except OSError:  # a process that hangs in the kernel; its attempt has lost the right to report
            logger.exception("processes of ended attempts could not be killed")

    def _replace(self, loading: str | None, was_ready: bool) -> ZygoteProcess | None:
        """Start a new zygote, and launch on it the attempts that the dead one had not started yet.

        Return None if the supervisor is closing, or if no attempt waits and none will come.
        """
        if self._is_finished():
            self._refuse_waiting()
            return None
        if loading is not None and loading in self._preload:
            logger.warning(
                "importing the analytic %s crashes, hangs or starts threads: its jobs start more slowly", loading
            )
            self._preload.remove(loading)
        else:
            logger.error("the zygote died %s; starting a new one", "at work" if was_ready else "before it was ready")
        # A zygote that worked, or whose culprit is known, is replaced at once; one that cannot start is not.
        zygote = self._restart(is_at_once=was_ready or loading is not None)
        with self._attempts.changed:
            if zygote is None or self._closing.is_set():
                self._refuse_waiting()
                if zygote is not None:
                    zygote.disconnect()
                    zygote.reap()
                return None
            self._zygote = zygote
            for attempt in self._attempts.waiting():
                self._launch_again(zygote, attempt)
            self._release_if_idle()
        return zygote

    def _restart(self, *, is_at_once: bool) -> ZygoteProcess | None:
        """Start a zygote, with pauses after failures; return None if the supervisor is closed meanwhile."""
        if is_at_once:
            self._failed_starts = 0
        while not self._closing.is_set():
            if not is_at_once:
                self._closing.wait(RESTART_BACKOFF.seconds(self._failed_starts))
                self._failed_starts += 1
            try:
                return self._start_zygote(self._preload, self._folder)
            except OSError:
                logger.exception("the zygote could not be started; retrying")
                is_at_once = False
        return None

    def _is_finished(self) -> bool:
        is_needed = bool(self._attempts.waiting()) or (self._is_replaced and not self._is_retired)
        return self._closing.is_set() or not is_needed

    def _launch_again(self, zygote: ZygoteProcess, attempt: RunningAttempt) -> None:
        try:
            self._workspaces.renew(attempt.workspace, attempt.launch)
        except OSError as error:
            attempt.pid.set_exception(error)
            return
        zygote.launch(_launch_message(attempt))
        if attempt.stop_requested:
            zygote.kill(attempt.launch.attempt_id)

    def _refuse_waiting(self) -> None:
        for attempt in self._attempts.waiting():
            attempt.pid.set_exception(OSError("the runner was closed before the attempt had started"))


def _launch_message(attempt: RunningAttempt) -> LaunchMessage:
    launch, request = attempt.launch, attempt.workspace.folder.request
    return {"launch": launch.attempt_id, "request": str(request), "wall_seconds": launch.limits["wall_seconds"]}
