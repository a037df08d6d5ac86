"""Serving: run the platform in this process until a signal stops it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp

from voxel51.server.hangup import HangUp
from voxel51.server.http.connection import ClientConnection
from voxel51.server.settings import Settings
from voxel51.server.shutdown import Shutdown

if TYPE_CHECKING:
    from voxel51.server.app import Platform

_THREAD_SWITCH_SECONDS = 0.0005
"""Interval at which Python switches threads. Most requests take less than the default of 5 ms; with that, each of them
would wait 5 ms for every busy thread."""

_SHUTDOWN_SECONDS = 5
"""Time for open requests to finish once the platform is stopping."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Sockets that a process serves; None: it serves none.

    Attributes:
        main: for users, with TLS if the settings ask for it.
        for_jobs: for jobs, without TLS.
    """

    main: socket.socket | None = None
    for_jobs: socket.socket | None = None


def serve_platform(
    platform: "Platform",
    settings: Settings,
    listeners: Listeners,
    on_ready: Callable[[], object],
    lifeline: int | None = None,
) -> None:
    """Serve until a signal stops the process; see `voxel51.server.serve.serve` for the signals.

    ``on_ready`` is called once the platform is open and every socket is served. The process ends at once when the pipe
    ``lifeline`` is closed at its other end.
    """
    sys.setswitchinterval(_THREAD_SWITCH_SECONDS)
    servers = []
    if listeners.main is not None:
        servers.append((_server(platform.application, settings), listeners.main))
    if listeners.for_jobs is not None:
        servers.append((_server(platform.application, settings, is_for_jobs=True), listeners.for_jobs))

    def open_platform() -> None:
        platform.open()
        on_ready()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve_all(servers, open_platform, platform, settings.stop_drain_seconds, lifeline))
    # The loop has restored the default actions: a signal that is sent again must not cut the orderly end short.
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


async def _serve_all(
    servers: list[tuple["_Server", socket.socket]],
    open_platform: Callable[[], None],
    platform: "Platform",
    drain_seconds: float,
    lifeline: int | None,
) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        platform.begin_to_close()
        stopped.set()
        for server, _ in servers:
            server.should_exit = True

    shutdown = Shutdown(platform.drain, platform.is_idle, stop)
    loop.add_signal_handler(signal.SIGINT, shutdown.stop)
    loop.add_signal_handler(signal.SIGTERM, shutdown.drain, drain_seconds)
    loop.add_signal_handler(signal.SIGUSR1, shutdown.drain, None)
    hang_up = HangUp(platform.reload_packages, lambda: shutdown.drain(drain_seconds))
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    if lifeline is not None:
        # As after a kill of the whole platform: the next start settles what this process leaves.
        loop.add_reader(lifeline, os._exit, 1)
    # The platform is opened once every socket is served, unless a server failed to start.
    serving = [asyncio.create_task(server.run_on(listener)) for server, listener in servers]
    while not all(server.started for server, _ in servers) and not any(task.done() for task in serving):
        await asyncio.sleep(0.005)
    if all(server.started for server, _ in servers):
        await asyncio.to_thread(open_platform)
        if not servers:
            await stopped.wait()
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


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  (not available on every operating system)
    except ImportError:
        return None
    return uvloop.new_event_loop
