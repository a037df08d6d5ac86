"""Container of an attempt: start it, follow it to its end within its limits, and collect what it leaves."""

import io
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from voxel51.runners.containers.engine import ContainerEngine, EngineAway
from voxel51.runners.containers.exit_status import SIGKILL_CODE, ContainerExit, KillReason
from voxel51.runners.containers.policy import ContainerPolicy, ContainerSpec, container_options, host_options
from voxel51.runners.containers.scratch import ScratchSpace
from voxel51.runners.interface import LOG_TAIL_BYTES
from voxel51.runners.processes.exit_status import OomKillCounter

IMAGE_LOG = "/var/log/image.log"
"""Log that images write by the contract. The platform keeps it if the image could not send it."""

_READ_AGAIN_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)

ENGINE_WAIT_SECONDS = 60.0
"""Time that an engine may be away before the containers that it ran are given up."""

_PIECE_BYTES = 1 << 20
_LOOK_SECONDS = 0.25
_FIRST_LOOK_SECONDS = 0.005
_INSPECT_SECONDS = 5.0
"""Pause between two looks at a container whose output is still open: it usually closes when the container ends."""


_OUTPUT_SECONDS = 30.0
"""Time limit for the rest of the output of a container that has ended: a busy engine may deliver it later."""

_WITHOUT_EXIT_CODE = frozenset({"created", "configured", "initialized", "stopping", "removing"})
"""States of a container that does not run, in which its exit code is not known: the engine says 0."""


class PrintedOutput:
    """The last bytes that a container prints, collected by a thread, so that it never waits for the platform."""

    def __init__(self, pieces: Iterator[bytes], ended: threading.Event) -> None:
        self._tail = bytearray()
        self._ended = ended
        self._thread = threading.Thread(target=self._collect, args=(pieces,), name="container-output", daemon=True)
        self.has_ended = False
        self._thread.start()

    def tail(self) -> bytes:
        """Return the last `LOG_TAIL_BYTES`, once the container has ended."""
        self._thread.join(_OUTPUT_SECONDS)
        return bytes(self._tail[-LOG_TAIL_BYTES:])

    def _collect(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            self._tail += piece
            if len(self._tail) > 2 * LOG_TAIL_BYTES:
                del self._tail[:-LOG_TAIL_BYTES]
        self.has_ended = True
        self._ended.set()


class Container:
    """One container. `close` removes it, whatever failed before.

    Args:
        engine: the engine.
        spec: what it runs.
        policy: privileges that the operator chose.
    """

    def __init__(self, engine: ContainerEngine, spec: ContainerSpec, policy: ContainerPolicy) -> None:
        self._engine = engine
        self._spec = spec
        self._policy = policy
        self._changed = threading.Event()
        self._stop_requested = False
        self._id: str | None = None
        self._printed: PrintedOutput | None = None
        self._away_since: float | None = None
        self._unsettled_since: float | None = None
        self._killed_for: KillReason | None = None
        self._started_at = self._deadline = 0.0  # on the monotonic clock
        self._oom_kills = OomKillCounter()

    def start(self) -> None:
        """Create and start the container.

        Raises:
            OSError: the engine does not answer or refuses; see `exit_status.is_fault_of_image`.
        """
        host, config = host_options(self._spec, self._policy), container_options(self._spec, self._policy)
        self._id = self._engine.create(self._spec.image, host, **config)
        if not self._policy.read_only_root:
            self._engine.make_root_writable(self._id)
        self._printed = PrintedOutput(self._engine.attach(self._id), self._changed)
        self._engine.start(self._id)
        self._started_at = time.monotonic()

    def stop(self) -> None:
        """Kill the container; `follow` returns soon. Safe from any thread, also before `start`."""
        self._stop_requested = True
        self._changed.set()

    def follow(self) -> ContainerExit:
        """Wait until the container has ended, and kill it if it exceeds a limit or `stop` is called.

        Raises:
            OSError: the engine stays away, or the container has disappeared.
        """
        self._deadline = self._started_at + self._spec.limits["wall_seconds"]
        record = self._engine.inspect(self._container)
        self._scratch = ScratchSpace(self._engine, self._container, record, self._spec.limits)
        pause, pause_at_end, inspect_due = _LOOK_SECONDS, _FIRST_LOOK_SECONDS, 0.0
        while True:
            self._changed.wait(pause)
            self._changed.clear()
            is_ending = self._output.has_ended or self._stop_requested or self._killed_for is not None
            state = self._look(inspects=is_ending or time.monotonic() >= inspect_due)
            if state is not None:
                if self._has_ended(state):
                    return self._exit(state)
                inspect_due = time.monotonic() + _INSPECT_SECONDS
            if is_ending:
                # The engine notes the end of a container a moment after its output was closed.
                pause = pause_at_end = min(2 * pause_at_end, _LOOK_SECONDS)

    def log(self) -> bytes:
        """Return the log that the image wrote by the contract, and the last bytes that it printed."""
        written = b""
        with suppress(OSError):
            written = read_log(self._engine, self._container)
        printed = self._output.tail()
        if not written or written in printed:
            return printed
        return b"%s\n--- printed ---\n%s" % (written.rstrip(b"\n"), printed) if printed else written

    def close(self) -> None:
        """Remove the container and its volumes.

        Raises:
            EngineAway: the engine does not answer; its next start with the platform removes the container.
        """
        if self._id is not None:
            self._engine.remove(self._id)

    @property
    def _container(self) -> str:
        assert self._id is not None, "the container is not started"  # noqa: S101
        return self._id

    @property
    def _output(self) -> PrintedOutput:
        assert self._printed is not None, "the container is not started"  # noqa: S101
        return self._printed

    def _has_ended(self, state: Mapping[str, Any]) -> bool:
        """Return whether the engine knows how the container ended.

        Raises:
            OSError: it stays in a state without an exit code.
        """
        if state["Running"]:
            return False
        if state.get("Status") not in _WITHOUT_EXIT_CODE:
            return True
        self._unsettled_since = self._unsettled_since or time.monotonic()
        if time.monotonic() > self._unsettled_since + ENGINE_WAIT_SECONDS:
            raise OSError(f"the container does not run, but the engine says that it is {state['Status']}")
        return False

    def _exit(self, state: Mapping[str, Any]) -> ContainerExit:
        # Podman does not always say that memory was missing; the count of the kernel is for the whole machine.
        is_killed = state["ExitCode"] == SIGKILL_CODE and self._killed_for is None
        return ContainerExit(
            code=state["ExitCode"],
            is_out_of_memory=bool(state.get("OOMKilled")) or (is_killed and self._oom_kills.has_increased()),
            seconds=time.monotonic() - self._started_at,
            killed_for=self._killed_for,
        )

    def _look(self, *, inspects: bool) -> Mapping[str, Any] | None:
        """Kill the container if it must end, and return its state if ``inspects`` and the engine answers."""
        try:
            self._killed_for = self._killed_for or self._reason_to_kill()
            if self._killed_for is not None:
                self._engine.kill(self._container)
            state: Mapping[str, Any] | None = self._engine.inspect(self._container)["State"] if inspects else None
        except EngineAway:  # perhaps a restart of the engine
            self._away_since = self._away_since or time.monotonic()
            if time.monotonic() > self._away_since + ENGINE_WAIT_SECONDS:
                raise
            return None
        self._away_since = None
        return state

    def _reason_to_kill(self) -> KillReason | None:
        if self._stop_requested:
            return KillReason.STOPPED
        if time.monotonic() > self._deadline:
            return KillReason.OVER_TIME
        return KillReason.OVER_SCRATCH if self._scratch.is_exceeded() else None


class _NothingSent(OSError):
    """An engine announced a file and sent none."""


def read_log(engine: ContainerEngine, container: str) -> bytes:
    """Return the end of the log that an image wrote.

    Raises:
        OSError: as `read_file`.
    """
    for pause in _READ_AGAIN_SECONDS:
        try:
            return read_file(engine, container, IMAGE_LOG, LOG_TAIL_BYTES)
        except _NothingSent:  # by Podman, of a container whose last processes have just been killed
            time.sleep(pause)
    return read_file(engine, container, IMAGE_LOG, LOG_TAIL_BYTES)


def read_file(engine: ContainerEngine, container: str, path: str, most_bytes: int) -> bytes:
    """Return the last ``most_bytes`` of a file in a container.

    Raises:
        OSError: it is not a regular file, or the engine does not answer.
    """
    stream = _Pieces(engine.read(container, path))
    try:
        return _tail_of_only_file(stream, most_bytes)
    except tarfile.TarError as error:
        if stream.is_empty:
            raise _NothingSent(f"the engine sent nothing of {path}") from None
        raise OSError(f"{path} in the container cannot be read: {error}") from None
    finally:
        while stream.read(_PIECE_BYTES):  # the connection serves other calls only after that
            pass


def _tail_of_only_file(stream: io.RawIOBase, most_bytes: int) -> bytes:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        entry = archive.next()
        content = archive.extractfile(entry) if entry is not None and entry.isreg() else None
        if content is None:
            raise OSError("what is to be read in the container is not a regular file")
        tail = b""
        while piece := content.read(_PIECE_BYTES):
            tail = (tail + piece)[-most_bytes:]
        return tail


class _Pieces(io.RawIOBase):
    """Stream of byte pieces. ``is_empty``: none with a byte was read so far."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        self.is_empty = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest, self.is_empty = piece, False
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count
