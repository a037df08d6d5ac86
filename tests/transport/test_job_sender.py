"""The sender of a job against real sockets that behave and misbehave."""

import shutil
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from voxel51.transport.errors import APIError, ConnectionFailed, TimedOut
from voxel51.transport.messages import Request, StreamedBody
from voxel51.transport.sender import JOB_HEADERS, HttpSender, Timeouts

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Peer:
    """The other side of connections, scripted: for each connection a list of responses, one per request.

    After the last answer of its list a connection is closed; ``requests`` holds the complete requests.
    """

    def __init__(self, *connections, context=None):
        self.requests = []
        self.closed = [threading.Event() for _ in connections]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._context = context
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(connections,), daemon=True)
        self._thread.start()

    def _serve(self, connections):
        for number, answers in enumerate(connections):
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as file:
                for answer in answers:
                    self.requests.append(read_request(file))
                    connection.sendall(answer)
            self.closed[number].set()

    def url(self, path="/", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # ends an accept that still waits
        self._listener.close()
        self._thread.join(10)


def read_request(file):
    head = []
    while (line := file.readline()) not in {b"\r\n", b""}:
        head.append(line.decode().rstrip())
    length = next((int(line.split(":")[1]) for line in head if line.lower().startswith("content-length")), 0)
    return head, file.read(length)


@pytest.fixture
def peer():
    peers = []

    def start(*connections, **more):
        peers.append(Peer(*connections, **more))
        return peers[-1]

    yield start
    for started in peers:
        started.close()


@pytest.fixture
def sender():
    sender = HttpSender(Timeouts(silence_seconds=10), headers=JOB_HEADERS)
    yield sender
    sender.close()


def get(sender, url, **more):
    with sender.send(Request("GET", url, **more)) as answer:
        return answer.status, answer.read()


def test_requests_to_one_host_share_a_connection(sender, peer):
    other = peer([OK, OK, OK])

    assert [get(sender, other.url()) for _ in range(3)] == [(200, b"ok")] * 3


def test_a_request_has_only_its_own_headers(sender, peer):
    other = peer([OK])

    get(sender, other.url("/a?b=c"), headers={"X-Voxel51-Agent": "key"})

    assert other.requests[0][0] == [
        "GET /a?b=c HTTP/1.1",
        f"Host: 127.0.0.1:{other.port}",
        "User-Agent: voxel51-job",
        "X-Voxel51-Agent: key",
    ]


def test_a_kept_connection_that_the_server_closed_is_replaced(sender, peer):
    other = peer([OK], [OK])
    get(sender, other.url())
    assert other.closed[0].wait(10)

    assert get(sender, other.url()) == (200, b"ok")


def test_a_kept_connection_that_breaks_under_a_repeatable_request_is_replaced(sender, peer):
    other = peer([OK, b""], [OK])
    get(sender, other.url())

    assert get(sender, other.url(), repeatable=True) == (200, b"ok")


def test_an_unrepeatable_request_is_not_repeated(sender, peer):
    other = peer([OK, b""], [OK])
    get(sender, other.url())

    with pytest.raises(ConnectionFailed):
        sender.send(Request("POST", other.url(), body=b"once"))


def test_a_body_is_streamed_with_its_exact_size(sender, peer):
    other = peer([OK])
    body = StreamedBody(lambda: [b"abc"] * 1000, 3000)

    sender.send(Request("PUT", other.url(), body=body)).read()

    assert "Content-Length: 3000" in other.requests[0][0]
    assert other.requests[0][1] == b"abc" * 1000


def test_a_body_shorter_than_announced_is_an_error_not_a_truncated_file(sender, peer):
    other = peer([OK])

    with pytest.raises(ConnectionFailed, match="ended 7 bytes before"):
        sender.send(Request("PUT", other.url(), body=StreamedBody(lambda: [b"abc"], 10)))


def test_an_answer_that_breaks_off_is_an_error_not_a_truncated_file(sender, peer):
    other = peer([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])

    with pytest.raises(ConnectionFailed, match="7 more expected"):
        get(sender, other.url())


def test_an_answer_in_chunks_is_read_whole(sender, peer):
    other = peer([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", OK])

    assert get(sender, other.url()) == (200, b"abcde")
    assert get(sender, other.url()) == (200, b"ok")


def test_a_redirect_is_followed_and_credentials_stay_with_their_host(sender, peer):
    target = peer([OK])
    other = peer([f"HTTP/1.1 302 Found\r\nLocation: {target.url('/b')}\r\nContent-Length: 0\r\n\r\n".encode()])

    assert get(sender, other.url("/a"), headers={"X-Voxel51-Agent": "key", "X-Other": "1"}) == (200, b"ok")

    head = target.requests[0][0]
    assert head[0] == "GET /b HTTP/1.1"
    assert not any(line.lower().startswith("x-") for line in head)


def test_silence_is_a_timeout(peer):
    listener = socket.create_server(("127.0.0.1", 0))
    sender = HttpSender(Timeouts(silence_seconds=0.1), headers=JOB_HEADERS)

    with pytest.raises(TimedOut):
        sender.send(Request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/"))

    listener.close()


def test_a_closed_port_is_named_without_the_signature_of_the_link(sender):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(ConnectionFailed, match=rf"cannot reach http://127.0.0.1:{port}: ") as caught:
        sender.send(Request("GET", f"http://127.0.0.1:{port}/a?signature=secret"))

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://h/", "nonsense", "http://:80/", "http://h:port/"])
def test_an_invalid_address_is_rejected(sender, url):
    with pytest.raises(APIError, match="is not an HTTP address"):
        sender.send(Request("GET", url))


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes its certificate with openssl")
def test_https_works_and_the_certificate_is_checked(sender, peer, tmp_path, monkeypatch):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test"]
    asked += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(asked, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert get(sender, peer([OK], context=context).url(scheme="https")) == (200, b"ok")


def test_importing_it_starts_no_thread():
    check = "import voxel51.transport.connections, os; print(len(os.listdir('/proc/self/task')))"

    assert subprocess.run([sys.executable, "-c", check], capture_output=True, check=True).stdout == b"1\n"
