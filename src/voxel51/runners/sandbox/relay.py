"""Relay: passes connections from listeners in the network of a job on to servers outside, in one thread.

A listener is a door with a dialer, which connects to the one server behind it. Doors with the same budget share its
limits. The job chooses none of the servers: a relay judges no byte that it passes on.
"""

import queue
import select
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from voxel51.runners.sandbox.thread_starter import ThreadStarter

CHUNK_BYTES = 256 * 1024

Dial = Callable[[], socket.socket]
"""Connects to a server. Raises OSError if it cannot."""


@dataclass(slots=True)
class Budget:
    """Limits of the connections through the doors that share it.

    Attributes:
        connections: connections at the same time; more wait until one is closed.
        bytes_left: bytes that may still pass in both directions together; None for no limit.
        exhausted: called once, when no bytes are left. The doors are closed then.
        open: number of connections, with those that are not established yet.
    """

    connections: int
    bytes_left: int | None = None
    exhausted: Callable[[], None] = lambda: None
    open: int = 0

    @property
    def is_full(self) -> bool:
        """Whether no further connection may begin."""
        return self.open >= self.connections


@dataclass(frozen=True, slots=True, eq=False)
class Door:
    """Listener in the network of a job, and the server that its connections reach.

    ``is_slow``: dial in a thread of its own, since it may wait for name servers and distant hosts.
    """

    listener: socket.socket
    dial: Dial
    budget: Budget
    is_slow: bool = False


class _Pipe:
    """One direction of a connection: what ``source`` sends goes to ``target``."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self.target = target
        self.pending = memoryview(b"")
        self.is_reading = True
        self.is_done = False

    def advance(self) -> int:
        """Move what can be moved without waiting; return how many bytes were read.

        Raises:
            OSError: the connection is broken.
        """
        size = 0
        if self.is_reading and not self.pending:
            try:
                received = self.source.recv(CHUNK_BYTES)
            except BlockingIOError:
                return 0
            self.pending, size = memoryview(received), len(received)
            self.is_reading = bool(received)
        if self.pending:
            try:
                self.pending = self.pending[self.target.send(self.pending) :]
            except BlockingIOError:
                return size
        if not self.pending and not self.is_reading and not self.is_done:
            self.is_done = True
            self.target.shutdown(socket.SHUT_WR)
        return size


@dataclass(frozen=True, slots=True, eq=False)
class _Connection:
    outward: _Pipe
    inward: _Pipe
    budget: Budget

    @property
    def ends(self) -> tuple[socket.socket, socket.socket]:
        """Socket of the job and of the server."""
        return self.outward.source, self.outward.target


class Relay:
    """Passes the connections of ``doors`` on. ``threads`` starts those that dial."""

    def __init__(self, doors: Sequence[Door], threads: ThreadStarter) -> None:
        self._threads = threads
        self._doors = {door.listener.fileno(): door for door in doors}
        self._connections: dict[int, _Connection] = {}
        self._poll = select.poll()
        self._dialed: queue.SimpleQueue[tuple[Door, socket.socket, socket.socket | None]] = queue.SimpleQueue()
        self._wake, self._woken = socket.socketpair()
        for end in (self._wake, self._woken):
            end.setblocking(False)
        self._poll.register(self._woken, select.POLLIN)
        for door in doors:
            door.listener.setblocking(False)
            self._poll.register(door.listener, select.POLLIN)

    def run_until_readable(self, descriptor: int) -> None:
        """Relay until ``descriptor`` is readable, and close everything then."""
        self._poll.register(descriptor, select.POLLIN)
        while self._pass_on(descriptor):
            pass
        for door in self._doors.values():
            door.listener.close()
        for connection in set(self._connections.values()):
            for end in connection.ends:
                end.close()
        self._wake.close()
        self._woken.close()

    def _pass_on(self, descriptor: int) -> bool:
        """Handle what is ready; return False if ``descriptor`` is."""
        for ready, events in self._poll.poll():
            if ready == descriptor:
                return False
            if ready == self._woken.fileno():
                self._join_dialed()
            elif ready in self._doors:
                self._accept(self._doors[ready])
            elif ready in self._connections:
                self._advance(ready, events)
        return True

    # Connections begin: at once, or when a thread has dialed.

    def _accept(self, door: Door) -> None:
        if door.budget.is_full:  # by another door of the same budget, in this round
            return
        try:
            job, _ = door.listener.accept()
        except OSError:  # the job has gone away meanwhile, or this process has no descriptors left
            return
        door.budget.open += 1
        self._watch_doors(door.budget)
        if not door.is_slow:
            self._join(door, job, _dialed(door))
            return
        self._threads.start(lambda: self._dial(door, job))

    def _dial(self, door: Door, job: socket.socket) -> None:
        self._dialed.put((door, job, _dialed(door)))
        with suppress(OSError):  # enough bytes wait to wake the relay, or it has ended
            self._wake.send(b".")

    def _join_dialed(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(CHUNK_BYTES)
        with suppress(queue.Empty):
            while True:
                self._join(*self._dialed.get_nowait())

    def _join(self, door: Door, job: socket.socket, server: socket.socket | None) -> None:
        if server is None or door.budget.bytes_left == 0:
            _reset(job)  # so that the job tries again, as after any broken connection
            if server is not None:
                server.close()
            self._release(door.budget)
            return
        for end in (job, server):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(_Pipe(job, server), _Pipe(server, job), door.budget)
        self._connections[job.fileno()] = self._connections[server.fileno()] = connection
        self._watch(connection)

    # Connections go on.

    def _advance(self, ready: int, events: int) -> None:
        connection = self._connections[ready]
        pipes = (connection.outward, connection.inward)
        try:
            moved = sum(pipe.advance() for pipe in pipes)
        except OSError:
            self._close(connection)
            return
        own = pipes[0] if pipes[0].source.fileno() == ready else pipes[1]
        # An end that is closed in both directions, and from which nothing is left to read, cannot be written to either.
        is_gone = bool(events & (select.POLLERR | select.POLLHUP)) and not own.is_reading
        if is_gone or all(pipe.is_done for pipe in pipes):
            self._close(connection)
        else:
            self._watch(connection)
        self._spend(connection.budget, moved)

    def _spend(self, budget: Budget, moved: int) -> None:
        """Count the bytes that have passed. Close everything that shares the budget if none are left."""
        if budget.bytes_left is None or not budget.bytes_left or not moved:
            return
        budget.bytes_left = max(0, budget.bytes_left - moved)
        if budget.bytes_left:
            return
        for descriptor, door in list(self._doors.items()):
            if door.budget is budget:
                with suppress(KeyError):  # it was full, and so not watched
                    self._poll.unregister(descriptor)
                del self._doors[descriptor]
                door.listener.close()
        for connection in {each for each in self._connections.values() if each.budget is budget}:
            self._close(connection)
        budget.exhausted()

    def _watch(self, connection: _Connection) -> None:
        """Poll each end for what its two directions wait for."""
        outward, inward = connection.outward, connection.inward
        for end, incoming, outgoing in ((outward.source, outward, inward), (outward.target, inward, outward)):
            wants_input = incoming.is_reading and not incoming.pending
            events = (select.POLLIN if wants_input else 0) | (select.POLLOUT if outgoing.pending else 0)
            self._poll.register(end, events)

    def _close(self, connection: _Connection) -> None:
        for end in connection.ends:
            self._poll.unregister(end)
            del self._connections[end.fileno()]
            end.close()
        self._release(connection.budget)

    def _release(self, budget: Budget) -> None:
        budget.open -= 1
        self._watch_doors(budget)

    def _watch_doors(self, budget: Budget) -> None:
        """Watch the doors of a budget as long as it is not full."""
        for descriptor, door in self._doors.items():
            if door.budget is not budget:
                continue
            if not budget.is_full:
                self._poll.register(descriptor, select.POLLIN)
            else:
                with suppress(KeyError):
                    self._poll.unregister(descriptor)


def _dialed(door: Door) -> socket.socket | None:
    try:
        return door.dial()
    except OSError:
        return None


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
