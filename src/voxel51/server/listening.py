"""Listening sockets of the platform, its certificate, and the addresses that follow from them."""

import socket
import ssl
from pathlib import Path

from voxel51.server.addresses import Addresses
from voxel51.server.settings import Settings


def check_certificate(settings: Settings) -> None:
    """Check the certificate that the settings name, if they do.

    Raises:
        OSError: it cannot be used.
    """
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


class Sockets:
    """The listening sockets.

    With TLS and no ``job_url``, jobs get a second socket with plain HTTP on the loopback interface: the certificate is
    valid for the public host, not for 127.0.0.1. A process that serves no requests of jobs has none.
    """

    def __init__(self, settings: Settings) -> None:
        self.main = _listen(settings.host, settings.port)
        needs_own = bool(settings.tls_certificate) and not settings.job_url and settings.role.serves_requests
        self.for_jobs = _listen("127.0.0.1", 0) if needs_own else None
        self.addresses = _addresses(settings, self.main, self.for_jobs)

    def close(self) -> None:
        """Close the sockets in this process."""
        for each in (self.main, self.for_jobs):
            if each is not None:
                each.close()


def _addresses(settings: Settings, main: socket.socket, for_jobs: socket.socket | None) -> Addresses:
    port = main.getsockname()[1]
    scheme = "https" if settings.tls_certificate else "http"
    reached = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104  (compared only)
    host = f"[{reached}]" if ":" in reached else reached
    own_url = f"{scheme}://{host}:{port}"
    public_url = settings.public_url or own_url
    job_url = settings.job_url or (f"http://127.0.0.1:{for_jobs.getsockname()[1]}" if for_jobs else own_url)
    if not settings.role.serves_requests:
        public_url = settings.public_url or settings.job_url
        job_url = settings.job_url or settings.public_url
    return Addresses(public_url=public_url.rstrip("/"), job_url=job_url.rstrip("/"))


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
