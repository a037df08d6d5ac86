"""Outbound requests over real connections, also to hostile hosts."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.hostile_hosts import Behaviour, HostileHost, saying
from support.loopback_server import Loopback, Reply
from support.requirements import require_program
from voxel51.server.errors import ServiceError, SourceAway, SourceRefused
from voxel51.server.outbound import connection
from voxel51.server.outbound.connection import OutboundTimeouts
from voxel51.server.outbound.fetch import MAX_REDIRECTS, open_stream, post
from voxel51.server.outbound.guard import Guard

HERE = Guard(["127.0.0.1"])
ANY_NAME = Guard(["127.0.0.1"], lambda _host, _port: ["127.0.0.1"])
LITTLE = OutboundTimeouts(connect_seconds=2, response_seconds=0.5, stall_seconds=0.3, min_bytes_per_second=10_000)
OK = b"HTTP/1.1 200 OK\r\n"


def read(url: str, guard: Guard = HERE, timeouts: OutboundTimeouts = LITTLE) -> bytes:
    with open_stream(guard, url, timeouts) as incoming:
        return b"".join(incoming.chunks())


def test_file_is_read_without_compression(loopback: Loopback) -> None:
    content = os.urandom(3_000_000)
    loopback.reply(Reply(body=content))

    with open_stream(HERE, f"{loopback.url}/a%20b?signature=x", LITTLE) as incoming:
        assert incoming.size_bytes == len(content)
        chunks = list(incoming.chunks())

    assert b"".join(chunks) == content
    assert max(map(len, chunks)) <= 1024 * 1024
    assert (loopback.last.method, loopback.last.path) == ("GET", "/a%20b?signature=x")
    assert loopback.last.headers["accept-encoding"] == "identity"
    assert loopback.last.headers["host"] == loopback.url.removeprefix("http://")
    assert not {"authorization", "cookie", "referer"} & loopback.last.headers.keys()


def test_environment_proxies_and_credentials_are_ignored(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password word")
    monkeypatch.setenv("HOME", str(tmp_path))
    loopback.reply(Reply(body=b"direct"))

    assert read(loopback.url) == b"direct"
    assert "authorization" not in loopback.last.headers


def test_connection_goes_to_the_checked_address(loopback: Loopback) -> None:
    """A name that is resolved once to a harmless address and then to another: the second time never comes."""
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    asked = []

    def rebind(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return answers[min(len(asked), 2) - 1]

    port = int(loopback.url.rpartition(":")[2])
    loopback.reply(Reply(body=b"the first"))
    guard = Guard([f"127.0.0.1:{port}"], rebind)

    assert read(f"http://rebinding.example:{port}/", guard) == b"the first"
    assert asked == [("rebinding.example", port)]
    assert loopback.last.headers["host"] == f"rebinding.example:{port}"
    with pytest.raises(SourceRefused, match="not public"):
        read(f"http://rebinding.example:{port}/", guard)
    assert len(loopback.requests) == 1


def test_next_address_is_tried_after_failure(loopback: Loopback) -> None:
    guard = Guard(["127.0.0.0/8"], lambda _host, _port: ["127.0.0.9", "127.0.0.1"])
    loopback.reply(Reply(body=b"x"))

    assert read(loopback.url.replace("127.0.0.1", "two.example"), guard) == b"x"


# -- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_followed(loopback: Loopback, status: int) -> None:
    loopback.reply(Reply(status, headers={"Location": "../there?x"}), Reply(body=b"there"))

    assert read(f"{loopback.url}/a/b") == b"there"
    assert loopback.last.path == "/there?x"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2/", "http://localhost/", "http://169.254.169.254/latest/", "http://[::1]/", "//10.0.0.1/",
        "http://2130706433/", "file:///etc/passwd", "ftp://127.0.0.1/", "http://user:word@127.0.0.1/",
        "http://0/", "http://127.0.0.1:22/", "http://127.0.0.1\\@evil.example/", "http://xn--\xff/", "data:,x",
    ],
)  # fmt: skip
def test_redirect_to_rejected_target_is_refused(loopback: Loopback, location: str) -> None:
    loopback.reply(Reply(302, headers={"Location": location}), Reply(body=b"reached"))
    guard = Guard([loopback.url.removeprefix("http://")])

    with pytest.raises(SourceRefused):
        read(f"{loopback.url}/?signature=secret", guard)
    assert len(loopback.requests) == 1


def test_redirects_are_limited(loopback: Loopback) -> None:
    loopback.reply(Reply(302, headers={"Location": "/again"}))

    with pytest.raises(SourceRefused, match="redirects more than 5 times"):
        read(loopback.url)
    assert len(loopback.requests) == MAX_REDIRECTS + 1


def test_each_redirect_is_resolved_and_checked(loopback: Loopback) -> None:
    port = int(loopback.url.rpartition(":")[2])
    loopback.reply(Reply(302, headers={"Location": "/again"}), Reply(body=b"reached"))
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    with pytest.raises(SourceRefused, match="not public"):
        read(f"http://rebinding.example:{port}/", Guard([f"127.0.0.1:{port}"], lambda _host, _port: next(answers)))
    assert len(loopback.requests) == 1


# -- answers


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(403, b"no"), SourceRefused),
        (Reply(404), SourceRefused),
        (Reply(204), SourceRefused),
        (Reply(206, b"x"), SourceRefused),
        (Reply(302), SourceRefused),
        (Reply(200, b"x", {"Content-Encoding": "gzip"}), SourceRefused),
        (Reply(429), SourceAway),
        (Reply(500), SourceAway),
        (Reply(503), SourceAway),
    ],
)
def test_response_that_is_not_the_file_is_refused(loopback: Loopback, reply: Reply, error: type[ServiceError]) -> None:
    loopback.reply(reply)

    with pytest.raises(error, match=r"^127\.0\.0\.1 ") as failure:
        read(f"{loopback.url}/path-secret?signature=secret")
    assert "secret" not in str(failure.value)


def slowly(*parts: bytes, pause_seconds: float = 0.1) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_seconds)  # being slow is what this host is for

    return behave


HOSTILE: dict[str, Behaviour] = {
    "no answer at all": saying(),
    "no HTTP": saying(b"220 mail.example ESMTP\r\n"),
    "half a head": saying(b"HTTP/1.1 200 OK\r\nContent-Len"),
    "a head a byte at a time": slowly(*(bytes([byte]) for byte in OK + b"X: y\r\n" * 10)),
    "endless headers": saying(OK, *[b"X-Bomb: " + b"x" * 60_000 + b"\r\n"] * 50),
    "one endless header": saying(OK, b"X-Bomb: ", *[b"x" * 60_000] * 50),
    "endless patience asked for": saying(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 100),
    "two lengths": saying(OK, b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "a negative length": saying(OK, b"Content-Length: -1\r\n\r\nxx"),
    "a length that is none": saying(OK, b"Content-Length: 1_0\r\n\r\n" + b"x" * 10),
    "a body cut short": saying(OK, b"Content-Length: 10\r\n\r\nxx"),
    "a chunk cut short": saying(OK, b"Transfer-Encoding: chunked\r\n\r\n5\r\nxx"),
    "a chunk of nonsense": saying(OK, b"Transfer-Encoding: chunked\r\n\r\nzz\r\nxx\r\n"),
    "an unknown transfer": saying(OK, b"Transfer-Encoding: gzip\r\n\r\nxx"),
    "a body a byte at a time": slowly(OK + b"Content-Length: 1000\r\n\r\n", *[b"x"] * 50),
}


@pytest.mark.parametrize("behave", HOSTILE.values(), ids=HOSTILE)
def test_misbehaving_host_is_given_up_soon(behave: Behaviour) -> None:
    with HostileHost(behave) as host, pytest.raises(SourceAway, match=r"^127\.0\.0\.1 "):
        read(host.url)


@pytest.mark.parametrize("said", [b"", OK, OK + b"Content-Length: 10\r\n\r\nx"])
def test_silent_host_is_given_up_soon(said: bytes) -> None:
    released = threading.Event()

    def fall_silent(connection: socket.socket) -> None:
        connection.sendall(said)
        released.wait(30)

    with HostileHost(fall_silent) as host, pytest.raises(SourceAway, match="too slow"):
        read(host.url)
    released.set()


def test_closed_port_is_given_up_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SourceAway, match="cannot be reached: Connection refused"):
        read(f"http://127.0.0.1:{port}/")


def test_slow_reader_does_not_time_out(loopback: Loopback) -> None:
    loopback.reply(Reply(body=b"x" * 4_000_000))

    received = 0
    with open_stream(HERE, loopback.url, LITTLE) as incoming:
        for number, chunk in enumerate(incoming.chunks()):
            if number < 2:
                time.sleep(LITTLE.stall_seconds + 0.1)  # longer than the other side may take
            received += len(chunk)
    assert received == 4_000_000


def test_headers_cannot_be_injected(loopback: Loopback) -> None:
    for url in (f"{loopback.url}/\r\nX-Evil: 1", f"{loopback.url}/ HTTP/1.1\r\nX-Evil: 1"):
        with pytest.raises(SourceRefused):
            read(url)
    with pytest.raises(SourceAway):
        post(HERE, loopback.url, {"X-Name": "value\r\nX-Evil: 1"}, b"", 1)
    assert loopback.requests == []


# -- posting


def test_post_sends_body_and_returns_response(loopback: Loopback) -> None:
    loopback.reply(Reply(418, b"short and stout"))

    status, beginning = post(HERE, f"{loopback.url}/hook?x", {"Content-Type": "text/plain"}, b"hello", 5)

    assert (status, beginning) == (418, b"short and stout")
    assert (loopback.last.method, loopback.last.path, loopback.last.body) == ("POST", "/hook?x", b"hello")
    assert loopback.last.headers["content-type"] == "text/plain"


def test_post_follows_no_redirect(loopback: Loopback) -> None:
    loopback.reply(Reply(307, headers={"Location": "/other"}))

    assert post(HERE, loopback.url, {}, b"x", 5)[0] == 307
    assert len(loopback.requests) == 1


def test_post_returns_status_despite_hanging_body() -> None:
    released = threading.Event()

    def hang(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 10\r\n\r\n")
        released.wait(30)

    with HostileHost(hang) as host:
        assert post(HERE, host.url, {}, b"x", 0.5) == (200, b"")
    released.set()


# -- TLS


@pytest.fixture
def certify(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """Makes a certificate for a name, signed by itself, and its key."""
    require_program("openssl")

    def make(name: str) -> tuple[Path, Path]:
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                   "-addext", f"subjectAltName=DNS:{name}", "-out", certificate, "-keyout", key]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        return certificate, key

    return make


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    def trust(certificate: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        connection.tls_context.cache_clear()

    yield trust
    connection.tls_context.cache_clear()


def test_tls_verifies_host_name(certify: Callable[[str], tuple[Path, Path]], trusting: Callable[[Path], None]) -> None:
    certificate = certify("files.example.com")
    trusting(certificate[0])

    with HostileHost(saying(OK, b"Content-Length: 6\r\n\r\nsecret"), certificate) as host:
        assert read(f"https://files.example.com:{host.port}/", ANY_NAME) == b"secret"
    assert host.names == ["files.example.com"]


@pytest.mark.parametrize(("asked", "trusted"), [("other.example.com", True), ("files.example.com", False)])
def test_invalid_certificate_is_refused(
    certify: Callable[[str], tuple[Path, Path]], trusting: Callable[[Path], None], asked: str, trusted: bool
) -> None:
    certificate = certify("files.example.com")
    if trusted:
        trusting(certificate[0])

    with HostileHost(saying(OK, b"\r\n"), certificate) as host, pytest.raises(SourceAway, match="certificate"):
        read(f"https://{asked}:{host.port}/", ANY_NAME)


def test_redirect_from_https_to_http_is_refused(
    certify: Callable[[str], tuple[Path, Path]], trusting: Callable[[Path], None], loopback: Loopback
) -> None:
    certificate = certify("files.example.com")
    trusting(certificate[0])
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {loopback.url}\r\nContent-Length: 0\r\n\r\n"

    with (
        HostileHost(saying(redirect.encode()), certificate) as host,
        pytest.raises(SourceRefused, match="https to http"),
    ):
        read(f"https://files.example.com:{host.port}/", ANY_NAME)
    assert loopback.requests == []
