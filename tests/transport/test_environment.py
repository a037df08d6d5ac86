import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.requirements import require_program
from voxel51.transport.environment import proxy_for
from voxel51.transport.errors import APIError, CannotConnect
from voxel51.transport.messages import Request
from voxel51.transport.sender import HttpSender


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing is printed."""


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust us hangs up."""


@pytest.fixture(scope="module")
def private_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a private authority (``ca.pem``) and a server certificate of it."""
    require_program("openssl")
    folder = tmp_path_factory.mktemp("authority")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=private", "-days", "2")
    openssl("req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", *signing)
    return folder


@pytest.fixture
def secure_url(private_authority: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(private_authority / "server.pem", private_authority / "server.key")
    server = Quiet(("127.0.0.1", 0), Hello)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_private_authority_is_trusted_when_the_environment_names_it(
    secure_url: str, private_authority: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(private_authority / "ca.pem"))

    assert HttpSender().fetch(Request("GET", secure_url)).status == 204


def test_an_unknown_authority_is_not_trusted(secure_url: str) -> None:
    with pytest.raises(CannotConnect, match="certificate"):
        HttpSender().fetch(Request("GET", secure_url))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_cannot_be_read_is_named(
    tmp_path: Path, content: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))

    with pytest.raises(APIError, match=r"REQUESTS_CA_BUNDLE names .*bundle\.pem"):
        HttpSender().fetch(Request("GET", "https://127.0.0.1:1"))


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://platform.example/v1", "http://proxy.example:3128"),
        ("https://platform.example/v1", "http://user:word@secure.example:3129"),
        ("http://inside.example/v1", None),
        ("http://127.0.0.1:5151/v1", None),
        ("http://localhost:5151/v1", None),
        ("http://[::1]:5151/v1", None),
    ],
)
def test_proxies_are_those_of_the_environment(url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "proxy.example:3128")
    monkeypatch.setenv("https_proxy", "http://user:word@secure.example:3129")
    monkeypatch.setenv("no_proxy", "inside.example")

    parts = urlsplit(url)
    assert proxy_for(parts.scheme, str(parts.hostname)) == proxy
