"""Hostile hosts: servers on loopback that violate HTTP in a chosen way."""

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

Behaviour = Callable[[socket.socket], None]
"""An action on a connection after the head of a request was received. The connection is closed afterwards."""


class HostileHost:
    """A server on a free loopback port that applies ``behave`` to each connection, over TLS with a ``certificate``.

    Attributes:
        names: the server names that TLS connections asked for.
    """

    def __init__(self, behave: Behaviour, certificate: tuple[Path, Path] | None = None) -> None:
        self._behave = behave
        self.names: list[str | None] = []
        self._context = None if certificate is None else self._secure(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _secure(self, certificate: tuple[Path, Path]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        context.sni_callback = lambda _connection, name, _context: self.names.append(name)
        return context

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            with plain if self._context is None else self._context.wrap_socket(plain, server_side=True) as connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    head += chunk
                self._behave(connection)
        except OSError:
            plain.close()  # the client has hung up


def saying(*parts: bytes) -> Behaviour:
    """Return a behaviour that sends ``parts`` and closes the connection."""

    def behave(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return behave
