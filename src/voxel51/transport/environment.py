"""Proxies and trusted certificates, as the environment configures them."""

import os
import ssl
import sys
from pathlib import Path

from voxel51.transport.errors import APIError

ADDED_CERTIFICATES = "REQUESTS_CA_BUNDLE"
"""Environment variable with a PEM file of authorities that are trusted besides the system's."""

REPLACED_CERTIFICATES = "SSL_CERT_FILE"
"""Environment variable with a PEM file of authorities that are trusted instead of the system's."""

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the URL of the proxy for requests to ``host``; None where the connection is direct.

    Proxies are read from the environment and the system as Python's own library does. This machine is always reached
    directly.
    """
    if host in {"localhost", "::1"} or host.startswith("127.") or not _may_have_proxies():
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  (30 ms to import, and proxies are rare)

    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def tls_context() -> ssl.SSLContext:
    """Return the settings of TLS connections: certificates and host names are checked.

    Raises:
        APIError: a file that an environment variable names cannot be read.
    """
    replaced, added = os.environ.get(REPLACED_CERTIFICATES), os.environ.get(ADDED_CERTIFICATES)
    if replaced:
        # OpenSSL reads this variable itself, but would go on trusting the system's folder of certificates.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _trust(context, REPLACED_CERTIFICATES, replaced)
    else:
        context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if added:
        _trust(context, ADDED_CERTIFICATES, added)
    return context


def _trust(context: ssl.SSLContext, variable: str, path: str) -> None:
    try:
        Path(path).read_bytes()  # OpenSSL's own error does not tell a missing file from a broken one
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise APIError(f"{variable} names {path!r}, which holds no certificates in PEM form", 0) from None
    except OSError as error:
        raise APIError(f"{variable} names {path!r}, which cannot be read: {error}", 0) from None


def _may_have_proxies() -> bool:
    """Return whether proxies may be configured. macOS keeps them outside the environment."""
    return sys.platform == "darwin" or any(os.environ.get(n) or os.environ.get(n.upper()) for n in _PROXY_VARIABLES)
