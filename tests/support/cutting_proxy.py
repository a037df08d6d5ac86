"""Cutting proxy: a TCP proxy that cuts connections during a transfer."""

import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_PIECE_BYTES = 65536


class CuttingProxy:
    """Proxy that passes bytes to and from ``target`` and cuts the first ``most_cuts`` connections.

    Each is cut at a random byte, at most after ``most_bytes``. ``on_cut`` is called after each cut, from the proxy's
    thread.

    Attributes:
        cuts: number of connections that were cut.
        passed_bytes: number of bytes passed on, in both directions, on all connections.
        refuses: whether further connections are closed at once, as by a server that is away.
        stall_bytes: number of bytes after which a connection stalls without closing; None for no such limit.
        url: address of the proxy.
    """

    def __init__(
        self,
        target: str,
        seed: int,
        most_bytes: int,
        most_cuts: int,
        on_cut: Callable[[], None] | None = None,
        stall_bytes: int | None = None,
    ) -> None:
        address = urlsplit(target)
        self._target = (address.hostname, address.port)
        self._chance = random.Random(seed)
        self._most_bytes = most_bytes
        self._most_cuts = most_cuts
        self._on_cut = on_cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.cuts = self.passed_bytes = 0
        self.stall_bytes = stall_bytes
        self.refuses = False
        self._sockets: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Accept no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def cut_more(self, count: int) -> None:
        """Cut the next ``count`` connections."""
        self._most_cuts = self.cuts + count

    def end_stall(self) -> None:
        """Close all connections, with what is on its way on them, and let later ones pass without a limit."""
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._sockets.clear()
        self.stall_bytes = None

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            if self.refuses:
                return
            try:
                far = socket.create_connection(self._target)
            except OSError:
                return  # the platform is down just now
            self._sockets += [near, far]
            with far:
                self._pass_on(near, far)

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        left = self._chance.randint(1, self._most_bytes) if self.cuts < self._most_cuts else None
        passed = 0
        lock, was_cut = threading.Lock(), threading.Event()

        def pump(source: socket.socket, sink: socket.socket) -> None:
            nonlocal left, passed
            with suppress(OSError):
                while piece := source.recv(_PIECE_BYTES):
                    with lock:
                        if left is not None:
                            piece = piece[:left]
                            left -= len(piece)
                        passed += len(piece)
                        self.passed_bytes += len(piece)
                    sink.sendall(piece)
                    while self.stall_bytes is not None and passed >= self.stall_bytes:
                        time.sleep(0.01)
                    if left == 0:
                        was_cut.set()
                        break
            for side in (near, far):
                with suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

        back = threading.Thread(target=pump, args=(far, near), daemon=True)
        back.start()
        pump(near, far)
        back.join()
        if was_cut.is_set():
            self.cuts += 1
            if self._on_cut is not None:
                self._on_cut()
