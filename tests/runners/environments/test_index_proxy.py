"""Index proxy: which servers it reaches, and for whom."""

import base64
import http.client
import re
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from support.certificates import self_signed_certificate
from support.package_index import PackageIndex
from support.requirements import require_program
from support.waiting import wait_until
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


def raw(proxy, *pieces):
    """Send ``pieces``, in which PASSWORD is the header with the password; return all that is answered."""
    parts = urlsplit(proxy.url)
    credentials = base64.b64encode(f"build:{parts.password}".encode())
    received = b""
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece.replace(b"PASSWORD", b"Proxy-Authorization: Basic " + credentials))
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:  # it has not read all of the request
            pass
    return received


def test_one_connection_carries_one_request_and_no_other_host(proxy, index):
    inner = f"GET http://{urlsplit(index.url).netloc}/simple/inner/ HTTP/1.1\r\nHost: x\r\nPASSWORD\r\n\r\n".encode()
    outer = f"GET {index.url}/paint/ HTTP/1.1\r\nHost: 169.254.169.254\r\nPASSWORD\r\n".encode()
    lengths = [
        b"Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Connection: keep-alive\r\nProxy-Connection: keep-alive\r\n\r\n",
        b"X-Folded: a\r\n\tGET /simple/inner/ HTTP/1.1\r\n\r\n",
    ]
    for each in lengths:
        raw(proxy, outer + each + inner)
    for target in (f"http://{urlsplit(index.url).netloc}@169.254.169.254/", "http://169.254.169.254:80#@127.0.0.1/"):
        answer = raw(proxy, f"GET {target} HTTP/1.1\r\nPASSWORD\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403"), answer

    assert set(index.asked) <= {"/simple/paint/"}
    assert set(index.hosts) <= {urlsplit(index.url).netloc}


def test_huge_or_numerous_headers_are_refused(proxy, index):
    line = f"GET {index.url}/paint/ HTTP/1.1\r\nPASSWORD\r\n".encode()

    assert b" 431 " in raw(proxy, line + b"X: " + b"x" * 100_000 + b"\r\n\r\n").partition(b"\r\n")[0]
    assert b" 431 " in raw(proxy, line + b"X: x\r\n" * 1000 + b"\r\n").partition(b"\r\n")[0]
    assert b" 414 " in raw(proxy, b"GET http://" + b"x" * 100_000).partition(b"\r\n")[0]
    assert index.asked == []


def test_request_that_does_not_end_gives_its_connection_back(index, monkeypatch):
    monkeypatch.setattr("voxel51.runners.environments.index_proxy._HEAD_SECONDS", 0.5)
    with IndexProxy(IndexSettings(url=index.url).servers) as proxy:
        parts = urlsplit(proxy.url)
        slow = [socket.create_connection((parts.hostname, parts.port), timeout=20) for _ in range(64)]
        for each in slow:
            each.sendall(b"GET http://x/ HTTP/1.1\r\nX-Slow: ")
        ended = threading.Event()

        def drip():
            while not ended.wait(0.1):
                for each in slow:
                    with suppress(OSError):
                        each.sendall(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            wait_until(lambda: served(proxy, index), "slow requests keep all connections")
        finally:
            ended.set()
            dripping.join()
            for each in slow:
                each.close()


def served(proxy, index):
    try:
        return ask(proxy, "GET", f"{index.url}/paint/")[0] == 200
    except (OSError, http.client.HTTPException):
        return False
