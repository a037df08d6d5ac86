"""Serve the platform in the foreground: in this process, or in several that it supervises."""

import os
from collections.abc import Callable

import voxel51
from voxel51.server.data_folder import FolderLock, ServerFile, remove_server_file, write_server_file
from voxel51.server.listening import Sockets, check_certificate
from voxel51.server.settings import Settings
from voxel51.server.wiring.discovery import discover

Announce = Callable[[str], None]


def serve(settings: Settings, announce: Announce) -> None:
    """Run the platform until a signal stops it; call ``announce`` with its URL once it accepts requests.

    SIGINT stops it at once. SIGTERM lets running jobs finish for ``stop_drain_seconds``, and SIGUSR1 without a limit; a
    further SIGTERM stops it at once. SIGHUP reloads the installed packages.

    Raises:
        FolderInUse: another platform runs in the data folder.
        OSError: the platform cannot listen on the address, or cannot use the certificate.
        RuntimeError: a part of it cannot start.
    """
    check_certificate(settings)
    lock = FolderLock(settings.folder)
    lock.acquire()
    try:
        if settings.workers > 1:
            _supervise(settings, announce)
        else:
            _serve_alone(settings, announce)
    finally:
        remove_server_file(settings.folder)
        lock.release()


def _serve_alone(settings: Settings, announce: Announce) -> None:
    discovery = discover(settings)
    # Imported while the discovery works.
    from voxel51.server.app import build_platform  # noqa: PLC0415
    from voxel51.server.serving import Listeners, serve_platform  # noqa: PLC0415

    sockets = Sockets(settings)
    try:
        platform = build_platform(settings, sockets.addresses, discovery)
        try:
            listeners = Listeners(sockets.main, sockets.for_jobs)
            serve_platform(platform, settings, listeners, lambda: _announce(settings, sockets, announce))
        finally:
            platform.close()
    finally:
        sockets.close()


def _supervise(settings: Settings, announce: Announce) -> None:
    from voxel51.server.supervisor import supervise  # noqa: PLC0415  (needed by few)

    sockets = Sockets(settings)
    try:
        supervise(settings, sockets, lambda: _announce(settings, sockets, announce))
    finally:
        sockets.close()


def _announce(settings: Settings, sockets: Sockets, announce: Announce) -> None:
    url = sockets.addresses.public_url
    content: ServerFile = {"url": url, "pid": os.getpid(), "version": voxel51.__version__, "can_reload": True}
    write_server_file(settings.folder, content)
    announce(url)
