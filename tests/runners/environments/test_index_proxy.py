"""Index proxy: which servers it reaches, and for whom."""

import base64
import http.client
import re
import socket
from urllib.parse import urlsplit

import pytest

from support.certificates import self_signed_certificate
from support.package_index import PackageIndex
from support.requirements import require_program
from voxel51.runners.environments.index_proxy import AllowedServer, IndexProxy, NotAllowed
from voxel51.runners.environments.private_index import ALIAS, PrivateIndex
from voxel51.runners.environments.uv import IndexSettings


@pytest.fixture
def index():
    with PackageIndex() as index:
        index.add_wheel("paint", "1.0", {"paint.py": ""})
        yield index


@pytest.fixture
def proxy(index):
    with IndexProxy(IndexSettings(url=index.url).servers) as proxy:
        yield proxy


def ask(proxy, method, target, password=None):
    parts = urlsplit(proxy.url)
    credentials = base64.b64encode(f"build:{password or parts.password}".encode()).decode()
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request(method, target, headers={"Proxy-Authorization": f"Basic {credentials}", "Host": "x"})
        response = connection.getresponse()
        return response.status, response.read() if method != "CONNECT" or response.status != 200 else b""
    finally:
        connection.close()


def test_index_is_reached(proxy, index):
    status, body = ask(proxy, "GET", f"{index.url}/paint/")

    assert status == 200
    assert b"paint-1.0" in body
    assert ask(proxy, "HEAD", f"{index.url}/paint/") == (200, b"")
    assert ask(proxy, "GET", f"{index.url}/other/")[0] == 404


def test_tunnel_to_the_index_passes_bytes_both_ways(proxy, index):
    parts, target = urlsplit(proxy.url), urlsplit(index.url).netloc
    credentials = base64.b64encode(f"build:{parts.password}".encode()).decode()
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nProxy-Authorization: Basic {credentials}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /simple/paint/ HTTP/1.0\r\n\r\n")
        received = b""
        while piece := connection.recv(1000):
            received += piece
    assert b"paint-1.0" in received


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
def test_other_port_is_refused_and_not_asked(proxy, method):
    with PackageIndex() as other:
        address = urlsplit(other.url).netloc
        status, _ = ask(proxy, method, f"http://{address}/simple/" if method == "GET" else address)

        assert status == 403
        assert other.asked == []
        assert list(proxy.refusals) == [f"{address} is not the package index of this platform, nor a host of its files"]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("CONNECT", "127.0.0.1:22"), ("CONNECT", "[::1]:80"), ("CONNECT", "example.org:443"), ("CONNECT", "nonsense"),
        ("GET", "http://169.254.169.254/latest/meta-data/"), ("GET", "http://localhost/"), ("GET", "http://0/"),
    ],
)  # fmt: skip
def test_other_servers_are_refused(proxy, method, target):
    assert ask(proxy, method, target)[0] == 403


@pytest.mark.parametrize("target", ["/etc/passwd", "file:///etc/passwd", "https://pypi.org/simple", "ftp://x/"])
def test_request_that_is_not_for_a_proxy_is_refused(proxy, target):
    assert ask(proxy, "GET", target)[0] == 400


def test_redirect_is_not_followed_by_the_proxy(proxy, index):
    with PackageIndex() as other:
        index.redirects["/simple/paint/"] = other.url
        status, _ = ask(proxy, "GET", f"{index.url}/paint/")

        assert status == 302
        assert other.asked == []


def test_other_programs_of_the_machine_cannot_use_it(proxy, index):
    assert ask(proxy, "GET", f"{index.url}/paint/", password="guessed")[0] == 407
    assert ask(proxy, "CONNECT", urlsplit(index.url).netloc, password="guessed")[0] == 407
    assert index.asked == []


def test_private_index_with_tls_gets_the_password_and_its_certificate_is_checked(tmp_path, monkeypatch):
    require_program("openssl")
    certificate = self_signed_certificate(tmp_path)
    with PackageIndex(certificate=certificate, password="user:secret", is_absolute=True) as index:
        index.add_wheel("paint", "1.0", {"paint.py": ""})
        index.redirects["/simple/other/"] = f"{index.url}/paint/"
        private = PrivateIndex.of(index.url.replace("//", "//user:secret@"))
        with IndexProxy(IndexSettings(url=index.url).servers, private) as proxy:
            refused, reason = ask(proxy, "GET", f"{private.alias_url}/paint/")
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
            status, body = ask(proxy, "GET", f"{private.alias_url}/paint/")
            file = re.search(rb'href="([^"#]+)', body)[1].decode()

            assert (refused, b"no valid TLS" in reason) == (502, True)
            assert (status, file) == (200, f"http://{ALIAS}/files/paint-1.0-py3-none-any.whl")
            assert ask(proxy, "GET", file) == (200, index.files["paint-1.0-py3-none-any.whl"])
            assert ask(proxy, "GET", f"{private.alias_url}/other/")[0] == 302
    assert private.url == index.url
    assert private.name_in(f"not found at {private.alias_url}/x/") == f"not found at {index.url}/x/"


@pytest.mark.parametrize("url", ["https://pypi.org/simple", "http://127.0.0.1:3141/root/", ""])
def test_index_without_a_password_is_not_private(url):
    assert PrivateIndex.of(url) is None


def test_known_host_that_leads_to_a_private_address_is_refused():
    with (
        IndexProxy([AllowedServer("localhost", 80, may_be_private=False)]) as proxy,
        pytest.raises(NotAllowed, match="names https://localhost in the setting package_file_servers"),
    ):
        proxy.connect("localhost", 80)


def test_servers_of_pypi():
    servers = IndexSettings().servers

    assert {(server.host, server.port) for server in servers} == {("pypi.org", 443), ("files.pythonhosted.org", 443)}
