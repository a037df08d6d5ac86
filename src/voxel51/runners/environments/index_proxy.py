"""Index proxy: the way of a sandboxed build to the package index, and to no other server.

An HTTP proxy on loopback. It opens tunnels (``CONNECT``) and fetches (``GET``, ``HEAD``) for allowed hosts and ports
only. A redirect is a response like any other, so where it leads is checked when the build asks for it. Who asks needs
the password of this proxy: other programs of the machine cannot use it. For an index that needs a password, it adds
that (`private_index`).
"""

import base64
import hmac
import http.client
import ipaddress
import secrets
import select
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from voxel51.runners.environments.private_index import ALIAS, PrivateIndex, is_page

_CHUNK_BYTES = 256 * 1024
_TIMEOUT_SECONDS = 60.0
_HEAD_SECONDS = 30.0
"""Time in which the head of a request must arrive. The timeout alone counts from one byte to the next."""

_MAXIMUM_CONNECTIONS = 64
_MAXIMUM_REFUSALS = 10
_MAXIMUM_PAGE_BYTES = 256 << 20
_USER = "build"
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade", "host"}
)  # fmt: skip
_REPLACED = _HOP_BY_HOP | {"authorization", "accept-encoding"}
"""Headers of requests to a private index: it gets the password of the operator, and its pages are read here."""


@dataclass(frozen=True, slots=True)
class AllowedServer:
    """Server that builds reach.

    Attributes:
        host, port: its address.
        may_be_private: whether the host may have an address of a private network: operators name such an index.
    """

    host: str
    port: int
    may_be_private: bool = True

    @classmethod
    def of(cls, url: str) -> "AllowedServer":
        """Return the server of a URL, which an operator named."""
        parts = urlsplit(url)
        return cls((parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80))


class NotAllowed(Exception):
    """Server that builds must not reach."""


class IndexProxy:
    """Proxy of one build, which serves within a ``with`` block.

    Args:
        servers: all servers that the build reaches.
        private: the package index, if it needs a password.

    Attributes:
        url: URL of the proxy, with its password.
        private: see above.
        refusals: requests that were refused, one sentence each, without repetitions.
    """

    def __init__(self, servers: Iterable[AllowedServer], private: PrivateIndex | None = None) -> None:
        self.private = private
        self._servers = {(server.host, server.port): server for server in servers}
        self._password = secrets.token_urlsafe(24)
        self._http = _Server(self)
        self.url = f"http://{_USER}:{self._password}@127.0.0.1:{self._http.server_port}"
        self.refusals: dict[str, None] = {}

    def __enter__(self) -> "IndexProxy":
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="index-proxy", daemon=True)
        thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def is_authorized(self, header: str) -> bool:
        """Return whether a ``Proxy-Authorization`` header has the password."""
        wanted = "Basic " + base64.b64encode(f"{_USER}:{self._password}".encode()).decode()
        return hmac.compare_digest(header.encode(), wanted.encode())

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to an allowed server.

        Raises:
            NotAllowed: the server is not allowed, or its name leads to an address of a private network.
            OSError: the server does not answer.
        """
        server = self._servers.get((host.lower(), port))
        if server is None:
            raise self._refusal(f"{host}:{port} is not the package index of this platform, nor a host of its files")
        problem: OSError = OSError(f"{host} has no address")
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            # The address that is checked is the one that is connected to: the name cannot lead elsewhere meanwhile.
            if not server.may_be_private and not ipaddress.ip_address(address[0]).is_global:
                text = f"{host} leads to the private address {address[0]}. If that is intended, an operator names"
                raise self._refusal(f"{text} https://{host} in the setting package_file_servers")
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.settimeout(_TIMEOUT_SECONDS)
            try:
                connection.connect(address)
            except OSError as error:
                connection.close()
                problem = error
            else:
                return connection
        raise problem

    def _refusal(self, text: str) -> NotAllowed:
        if len(self.refusals) < _MAXIMUM_REFUSALS:
            self.refusals[text] = None
        return NotAllowed(text)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: IndexProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy
        self.free = threading.BoundedSemaphore(_MAXIMUM_CONNECTIONS)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: a build may break a connection at any time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_SECONDS
    server: _Server

    def handle(self) -> None:
        """Serve one connection, if fewer than the maximum are open."""
        if not self.server.free.acquire(blocking=False):
            return
        self._deadline = threading.Timer(_HEAD_SECONDS, self._end)
        self._deadline.daemon = True
        self._deadline.start()
        try:
            super().handle()
        finally:
            self._deadline.cancel()
            self.server.free.release()

    def _end(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def parse_request(self) -> bool:
        """Read the head of the request, which must arrive in time."""
        is_valid = super().parse_request()
        self._deadline.cancel()
        return is_valid

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name in the base class)
        """Print nothing: the build's own output names what it fetches."""

    def do_CONNECT(self) -> None:
        """Open a tunnel."""
        host, _, port = self.path.rpartition(":")
        with self._upstream(host.strip("[]"), port) as upstream:
            if upstream is not None:
                self.send_response(200, "Connection established")
                self.end_headers()
                _exchange(self.connection, upstream)

    def do_GET(self) -> None:
        """Fetch from a server without TLS."""
        parts = urlsplit(self.path)
        if parts.scheme != "http" or not parts.hostname:
            self._refuse(400, "this is a proxy for http:// and CONNECT")
            return
        path = parts._replace(scheme="", netloc="").geturl()
        private = self.server.proxy.private
        if private is not None and parts.hostname == ALIAS:
            with self._upstream(private.host, str(private.port)) as upstream:
                if upstream is not None:
                    self._fetch_private(private, path, upstream)
            return
        with self._upstream(parts.hostname, str(parts.port or 80)) as upstream:
            if upstream is not None:
                self._fetch(parts.hostname, parts.port or 80, path, upstream)

    do_HEAD = do_GET  # noqa: N815  (the name that the base class looks for)

    @contextmanager
    def _upstream(self, host: str, port: str) -> Iterator[socket.socket | None]:
        connection = self._connected(host, port)
        try:
            yield connection
        finally:
            if connection is not None:
                connection.close()

    def _connected(self, host: str, port: str) -> socket.socket | None:
        """Return a connection to an allowed server; None if the request was answered with the reason against it."""
        self.close_connection = True  # one request per connection: each is checked by itself
        if not self.server.proxy.is_authorized(self.headers.get("Proxy-Authorization", "")):
            self._refuse(407, "the password of the proxy is missing", "Proxy-Authenticate: Basic")
            return None
        try:
            return self.server.proxy.connect(host, int(port) if port.isdecimal() else 0)
        except NotAllowed as error:
            self._refuse(403, str(error))
        except OSError as error:
            self._refuse(502, f"{host}:{port} does not answer: {error.strerror or error}")
        return None

    def _fetch(self, host: str, port: int, path: str, upstream: socket.socket) -> None:
        client = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        client.sock = upstream
        headers = {name: text for name, text in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        client.request(self.command, path or "/", headers={**headers, "Connection": "close"})
        response = client.getresponse()
        self._begin_response(response, dict(response.getheaders()))
        self._pass_on(response)

    def _fetch_private(self, private: PrivateIndex, path: str, upstream: socket.socket) -> None:
        """Fetch from the private index, and replace its address in what it answers."""
        client = http.client.HTTPConnection(private.host, private.port, timeout=_TIMEOUT_SECONDS)
        try:
            if private.is_encrypted:
                context = ssl.create_default_context()
                upstream = context.wrap_socket(upstream, server_hostname=private.host)
        except OSError as error:  # also an invalid certificate
            self._refuse(502, f"{private.host}:{private.port} has no valid TLS: {error}")
            return
        with upstream:
            client.sock = upstream
            headers = {name: text for name, text in self.headers.items() if name.lower() not in _REPLACED}
            headers |= {"Authorization": private.authorization, "Connection": "close"}
            client.request(self.command, path or "/", headers=headers)
            response = client.getresponse()
            answered = {name.title(): text for name, text in response.getheaders()}
            if "Location" in answered:
                answered["Location"] = private.hide_in(answered["Location"])
            if self.command == "HEAD" or not is_page(answered.get("Content-Type", "")):
                self._begin_response(response, answered)
                self._pass_on(response)
                return
            page = response.read(_MAXIMUM_PAGE_BYTES).decode("utf-8", "surrogateescape")
            body = private.hide_in(page).encode("utf-8", "surrogateescape")
            self._begin_response(response, {**answered, "Content-Length": str(len(body))})
            self.wfile.write(body)

    def _begin_response(self, response: http.client.HTTPResponse, headers: Mapping[str, str]) -> None:
        self.send_response_only(response.status, response.reason)
        for name, text in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, text)
        self.send_header("Connection", "close")
        self.end_headers()

    def _pass_on(self, response: http.client.HTTPResponse) -> None:
        while self.command != "HEAD" and (chunk := response.read(_CHUNK_BYTES)):
            self.wfile.write(chunk)

    def _refuse(self, status: int, reason: str, *headers: str) -> None:
        body = f"{reason}\n".encode()
        self.send_response_only(status)
        for header in (*headers, "Connection: close", f"Content-Length: {len(body)}"):
            name, _, text = header.partition(": ")
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)


def _exchange(client: socket.socket, server: socket.socket) -> None:
    """Pass bytes between two connections until one is closed, or idle for too long."""
    ends = {client.fileno(): (client, server), server.fileno(): (server, client)}
    poll = select.poll()
    for descriptor in ends:
        poll.register(descriptor, select.POLLIN)
    while ready := poll.poll(_TIMEOUT_SECONDS * 1000):
        for descriptor, _ in ready:
            source, target = ends[descriptor]
            received = source.recv(_CHUNK_BYTES)
            if not received:
                return
            target.sendall(received)
