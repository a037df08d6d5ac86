"""Serve the platform in the foreground: open sockets, handle signals, and start and stop the parts in order."""

import asyncio
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp

import voxel51
from voxel51.server.addresses import Addresses
from voxel51.server.data_folder import FolderLock, ServerFile, remove_server_file, write_server_file
from voxel51.server.hangup import HangUp
from voxel51.server.http.connection import ClientConnection
from voxel51.server.settings import Settings
from voxel51.server.shutdown import Shutdown
from voxel51.server.wiring.discovery import discover

if TYPE_CHECKING:
    from voxel51.server.app import Platform

log = logging.getLogger(__name__)

_THREAD_SWITCH_SECONDS = 0.0005
"""Interval at which Python switches threads. Most requests take less than the default of 5 ms; with that, each of them
would wait 5 ms for every busy thread."""

_SHUTDOWN_SECONDS = 5
"""Time for open requests to finish once the platform is stopping."""


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run the platform until a signal stops it; call ``announce`` with its URL once it accepts requests.

    SIGINT stops it at once. SIGTERM lets running jobs finish for ``stop_drain_seconds``, and SIGUSR1 without a limit; a
    further SIGTERM stops it at once. SIGHUP reloads the installed packages.

    Raises:
        FolderInUse: another platform runs in the data folder.
        OSError: the platform cannot listen on the address, or cannot use the certificate.
    """
    _check_certificate(settings)
    sys.setswitchinterval(_THREAD_SWITCH_SECONDS)
    lock = FolderLock(settings.folder)
    lock.acquire()
    try:
        discovery = discover(settings)
        from voxel51.server.app import build_platform  # noqa: PLC0415  (imported while the discovery works)

        sockets = _Sockets(settings)
        with sockets.main, sockets.for_jobs or nullcontext():
            platform = build_platform(settings, sockets.addresses, discovery)
            try:
                _run(platform, settings, sockets, announce)
            finally:
                platform.close()
                remove_server_file(settings.folder)
    finally:
        lock.release()


def _check_certificate(settings: Settings) -> None:
    if not settings.tls_certificate:
        return
    for path in (settings.tls_certificate, settings.tls_key):
        if not Path(path).is_file():
            raise OSError(f"file not found: {path}; --tls-certificate and --tls-key must be paths of PEM files")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            settings.tls_certificate, settings.tls_key, password=lambda: ""
        )
    except (OSError, ValueError) as error:
        raise OSError(
            f"{settings.tls_certificate} and {settings.tls_key} cannot be used: {error}. They must be a certificate "
            "(chain) and its own private key without a passphrase, both PEM"
        ) from None


class _Sockets:
    """The listening sockets.

    With TLS and no ``job_url``, jobs get a second socket with plain HTTP on the loopback interface: the certificate is
    valid for the public host, not for 127.0.0.1.
    """

    def __init__(self, settings: Settings) -> None:
        self.main = _listen(settings.host, settings.port)
        needs_own = bool(settings.tls_certificate) and not settings.job_url
        self.for_jobs = _listen("127.0.0.1", 0) if needs_own else None
        port = self.main.getsockname()[1]
        scheme = "https" if settings.tls_certificate else "http"
        reached = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104  (compared only)
        host = f"[{reached}]" if ":" in reached else reached
        job_url = f"http://127.0.0.1:{self.for_jobs.getsockname()[1]}" if self.for_jobs else f"{scheme}://{host}:{port}"
        self.addresses = Addresses(
            public_url=(settings.public_url or f"{scheme}://{host}:{port}").rstrip("/"),
            job_url=(settings.job_url or job_url).rstrip("/"),
        )


def _run(platform: "Platform", settings: Settings, sockets: _Sockets, announce: Callable[[str], None]) -> None:
    url = sockets.addresses.public_url
    servers = [(_server(platform.application, settings), sockets.main)]
    if sockets.for_jobs is not None:
        servers.append((_server(platform.application, settings, is_for_jobs=True), sockets.for_jobs))

    def on_ready() -> None:
        platform.open()
        content: ServerFile = {"url": url, "pid": os.getpid(), "version": voxel51.__version__, "can_reload": True}
        write_server_file(settings.folder, content)
        announce(url)

    uvloop_or_default = _loop_factory()
    with asyncio.Runner(loop_factory=uvloop_or_default) as runner:
        runner.run(_serve_all(servers, on_ready, platform, settings.stop_drain_seconds))
    # The loop has restored the default actions: a signal that is sent again must not cut the orderly end short.
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


async def _serve_all(
    servers: list[tuple["_Server", socket.socket]],
    on_ready: Callable[[], None],
    platform: "Platform",
    drain_seconds: float,
) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        platform.begin_to_close()
        for server, _ in servers:
            server.should_exit = True

    shutdown = Shutdown(platform.drain, platform.is_idle, stop)
    loop.add_signal_handler(signal.SIGINT, shutdown.stop)
    loop.add_signal_handler(signal.SIGTERM, shutdown.drain, drain_seconds)
    loop.add_signal_handler(signal.SIGUSR1, shutdown.drain, None)
    hang_up = HangUp(platform.reload_packages, lambda: shutdown.drain(drain_seconds))
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    # `on_ready` opens the platform and announces its URL once every socket is served, unless a server failed to start.
    serving = [asyncio.create_task(server.run_on(listener)) for server, listener in servers]
    while not all(server.started for server, _ in servers) and not any(task.done() for task in serving):
        await asyncio.sleep(0.005)
    if all(server.started for server, _ in servers):
        await asyncio.to_thread(on_ready)
    await asyncio.gather(*serving)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to `_serve_all`."""

    async def run_on(self, listener: socket.socket) -> None:
        """Serve on ``listener`` until `should_exit` is set."""
        await self._serve(sockets=[listener])


def _server(application: ASGIApp, settings: Settings, *, is_for_jobs: bool = False) -> _Server:
    class TimedConnection(ClientConnection):
        head_seconds = settings.request_head_seconds

    proxies = [] if is_for_jobs else settings.trusted_networks
    return _Server(
        uvicorn.Config(
            application,
            http=TimedConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            # Only these addresses may state a client's address; a client that states its own evades the rate limits.
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            ssl_certfile=None if is_for_jobs else settings.tls_certificate or None,
            ssl_keyfile=None if is_for_jobs else settings.tls_key or None,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, TypeError, UnicodeError) as error:  # the latter two for invalid host names
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "not a valid host name"
        raise OSError(f"cannot listen on {host!r}, port {port}: {reason}") from None
    return listener


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  (not available on every operating system)
    except ImportError:
        return None
    return uvloop.new_event_loop
