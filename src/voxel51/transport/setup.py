"""How a connection pool is set up: patience, proxies, trust. One place for the sync sender and an async one."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from pyreqwest.client import BaseClientBuilder
from pyreqwest.http import Url
from pyreqwest.proxy import ProxyBuilder

import voxel51
from voxel51.transport.errors import APIError

CERTIFICATES_VARIABLE = "REQUESTS_CA_BUNDLE"
"""A PEM file of authorities to trust besides the system's. ``SSL_CERT_FILE`` replaces the system's."""

IDLE_SECONDS = 4
"""Idle connections are closed before the other side does it (the shortest usual limit is 5 s), so that a request which
must not be sent twice never meets a connection that is just being closed."""

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")

Builder = TypeVar("Builder", bound=BaseClientBuilder)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """When to give up.

    Attributes:
        connect_seconds: for a connection to be there.
        silence_seconds: without a byte from the other side; while a body goes up, without a byte it acknowledges.
        slowest_upload_bytes_per_second: an upload may take ``silence_seconds`` and what it takes at this rate.
    """

    connect_seconds: float = 10
    silence_seconds: float = 60
    slowest_upload_bytes_per_second: int = 32 * 1024

    def of_upload(self, size_bytes: int) -> float:
        """The most that sending ``size_bytes`` and getting the answer may take, in seconds."""
        return self.silence_seconds + size_bytes / self.slowest_upload_bytes_per_second


def set_up(builder: Builder, timeouts: Timeouts, *, keep_alive: bool, uploads: bool) -> Builder:
    """Tell ``builder`` all that our connections have in common.

    The read timeout of the library runs from the start of a request and not from the end of its body, so a pool for
    streamed uploads must do without; there the kernel's own timeout notices silence.

    Raises:
        APIError: a file that an environment variable names cannot be read.
    """
    builder = (
        builder.user_agent(f"voxel51-platform/{voxel51.__version__}")
        .follow_redirects(False)
        .connect_timeout(timedelta(seconds=timeouts.connect_seconds))
        .pool_idle_timeout(timedelta(seconds=IDLE_SECONDS))
    )
    silence = timedelta(seconds=timeouts.silence_seconds)
    builder = builder.tcp_user_timeout(silence) if uploads else builder.read_timeout(silence)
    if not keep_alive:
        builder = builder.pool_max_idle_per_host(0)
    return _with_proxies(_with_certificates(builder))


def _with_certificates(builder: Builder) -> Builder:
    path = os.environ.get(CERTIFICATES_VARIABLE)
    if not path:
        return builder
    try:
        certificates = Path(path).read_bytes()
    except OSError as error:
        raise APIError(f"{CERTIFICATES_VARIABLE} names {path!r}, which cannot be read: {error}", 0) from None
    if b"-----BEGIN CERTIFICATE-----" not in certificates:
        raise APIError(f"{CERTIFICATES_VARIABLE} names {path!r}, which holds no certificates in PEM form", 0)
    return builder.add_root_certificate_pem(certificates)


def _with_proxies(builder: Builder) -> Builder:
    """Proxies as Python reads them from the environment and the system, but never for this machine itself."""
    if not _has_proxies():
        return builder.no_proxy()
    return builder.proxy(ProxyBuilder.custom(proxy_chooser()))


def may_need_proxy(host: str) -> bool:
    """Whether a request to ``host`` may have to go by a proxy."""
    return not _is_here(host) and _has_proxies()


def _has_proxies() -> bool:
    """Whether some may be configured. macOS keeps them outside the environment."""
    return sys.platform == "darwin" or any(os.environ.get(n) or os.environ.get(n.upper()) for n in _PROXY_VARIABLES)


def _is_here(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def proxy_chooser() -> Callable[[Url], str | None]:
    """Which proxy a URL is reached by, as things are configured now; None is none."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  (30 ms, and most people have no proxy)

    proxies = getproxies()

    def choose(url: Url) -> str | None:
        host = (url.host_str or "").strip("[]")
        if _is_here(host) or proxy_bypass(host):
            return None
        proxy = proxies.get(url.scheme) or proxies.get("all")
        return f"http://{proxy}" if proxy and "://" not in proxy else proxy

    return choose
