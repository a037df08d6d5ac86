"""Connections against sockets that behave and misbehave: odd answers, silence, refusals, and connections that close."""

import base64
import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from support.loopback_server import Loopback, Reply
from support.waiting import DEADLINE_SLACK_SECONDS
from voxel51.transport.errors import APIError, ConnectionFailed, TimedOut
from voxel51.transport.messages import CHUNK_BYTES, Request, StreamedBody
from voxel51.transport.sender import IDLE_SECONDS, HttpSender, Timeouts


@contextmanager
def answering(*pieces: bytes, then_close: bool = False, closed: threading.Event | None = None) -> Iterator[str]:
    """A server that answers every request of every connection with ``pieces``, one write each; ``closed`` is set once
    a connection was."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    while connection.recv(65536):
                        for piece in pieces:
                            connection.sendall(piece)
                        if then_close:
                            break
                if closed is not None:
                    closed.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def sender() -> Iterator[HttpSender]:
    sender = HttpSender(Timeouts(connect_seconds=5, silence_seconds=5), keep_alive=True)
    yield sender
    sender.close()


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
ODD_FORMS = {
    "in pieces": (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r", b"\nbo", b"dy"),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n", b"2\r\ndy\r\n0\r\n\r\n"),
    "after an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n", PLAIN),
    "with a header twice": (b"HTTP/1.1 200 OK\r\nX: 1\r\nX: 2\r\nContent-Length: 4\r\n\r\nbody",),
    "after an early hint": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        PLAIN,
    ),
    "with a folded header": (b"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 4\r\n\r\nbody",),
}


@pytest.mark.parametrize("pieces", ODD_FORMS.values(), ids=ODD_FORMS.keys())
def test_a_response_of_unusual_form_is_read_and_its_connection_kept(
    sender: HttpSender, pieces: tuple[bytes, ...]
) -> None:
    with answering(*pieces) as url:  # it serves one connection at a time, so a second one would hang
        answers = [sender.fetch(Request("GET", url)) for _ in range(2)]

    assert [(answer.status, answer.body) for answer in answers if answer] == [(200, b"body")] * 2


def test_a_body_may_end_with_the_connection(sender: HttpSender) -> None:
    with answering(b"HTTP/1.0 200 OK\r\n\r\nbo", b"dy", then_close=True) as url:
        answers = [sender.fetch(Request("GET", url)) for _ in range(2)]

    assert [answer.body for answer in answers if answer] == [b"body"] * 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nX: 1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbody",
        b"HTTP/1.1 200 OK\r\n" + b"X: endless\r\n" * 30_000,
    ],
    ids=[
        "nothing",
        "another protocol",
        "half a head",
        "a status alone",
        "a head without its end",
        "half a body",
        "half a chunk",
        "a head without end",
    ],
)
def test_an_incomplete_response_is_a_connection_error(sender: HttpSender, said: bytes) -> None:
    with answering(said, then_close=True) as url, pytest.raises(ConnectionFailed, match="broke"):
        sender.fetch(Request("GET", url))


def test_a_connection_closed_by_the_server_is_not_used_again(sender: HttpSender) -> None:
    closed = threading.Event()
    with answering(PLAIN, then_close=True, closed=closed) as url:
        first = sender.fetch(Request("PUT", url))
        assert closed.wait(5)
        second = sender.fetch(Request("PUT", url))

    assert first and second and (first.body, second.body) == (b"body", b"body")


def test_close_ends_the_wait_of_another_thread(sender: HttpSender, loopback: Loopback) -> None:
    never, arrived = threading.Event(), threading.Event()

    def choose(_request: object) -> Reply:
        arrived.set()
        return Reply(until=never)

    loopback.choose = choose
    closing = threading.Thread(target=lambda: arrived.wait(10) and sender.close())
    closing.start()

    with pytest.raises(ConnectionFailed):
        sender.fetch(Request("GET", loopback.url))

    closing.join()
    never.set()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a b?c=d e", "/a%20b?c=d%20e"),
        ("/a/../b/./c", "/b/c"),
        ("/ü?x=ü", "/%C3%BC?x=%C3%BC"),
        ("/a?signature=b%2Fc%3D#part", "/a?signature=b%2Fc%3D"),
        ("?a=b", "/?a=b"),
    ],
)
def test_a_url_is_escaped_as_far_as_it_is_not_yet(
    sender: HttpSender, loopback: Loopback, path: str, target: str
) -> None:
    sender.fetch(Request("GET", loopback.url + path))

    assert loopback.last.path == target


def test_the_password_of_a_url_is_sent_as_a_header(sender: HttpSender, loopback: Loopback) -> None:
    sender.fetch(Request("GET", loopback.url.replace("http://", "http://user:p%40ss@")))

    assert loopback.last.headers["authorization"] == "Basic " + base64.b64encode(b"user:p@ss").decode()
    assert "@" not in loopback.last.headers["host"]


@pytest.mark.parametrize(
    "headers",
    [{"X": "a\r\nY: b"}, {"X": "a\n b"}, {"X": "a\0"}, {"X: b\r\nY": "a"}, {"X y": "a"}, {"": "a"}, {"X": "a\udcff"}],
    ids=["a line break", "a fold", "a zero", "a name", "a space in a name", "no name", "half a character"],
)
def test_a_header_that_would_break_the_message_is_refused(
    sender: HttpSender, loopback: Loopback, headers: dict[str, str]
) -> None:
    with pytest.raises(APIError, match="a header cannot be sent"):
        sender.fetch(Request("GET", loopback.url, headers))

    assert not loopback.requests


def test_a_header_beyond_ascii_is_sent_as_utf_8(sender: HttpSender, loopback: Loopback) -> None:
    sender.fetch(Request("GET", loopback.url, {"X": "Müller 日本"}))

    assert loopback.last.headers["x"].encode("latin-1").decode() == "Müller 日本"


def test_a_compressed_body_is_decompressed(sender: HttpSender, loopback: Loopback) -> None:
    body = bytes(3_000_000)
    loopback.reply(Reply(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}))

    assert sender.fetch(Request("GET", loopback.url)).body == body
    with sender.send(Request("GET", loopback.url)) as response:
        pieces = list(response.chunks())
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= CHUNK_BYTES
    assert loopback.last.headers["accept-encoding"] == "gzip"
    assert loopback.connections == 1


@pytest.mark.parametrize("packed", [gzip.compress(bytes(1000))[:-9], b"not gzip"], ids=["cut", "damaged"])
def test_a_compressed_body_that_is_cut_or_damaged_is_an_error(
    sender: HttpSender, loopback: Loopback, packed: bytes
) -> None:
    loopback.reply(Reply(body=packed, headers={"Content-Encoding": "gzip"}))

    with pytest.raises(ConnectionFailed, match="broke"):
        sender.fetch(Request("GET", loopback.url))


def test_an_event_stream_is_read_as_it_comes(sender: HttpSender) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    with answering(head, b"6\r\nid: 1\n\r\n") as url, sender.send(Request("GET", url)) as response:
        assert next(response.chunks()) == b"id: 1\n"


REFUSAL = b"HTTP/1.1 413 Too large\r\nContent-Length: 7\r\n\r\nrefused"


@pytest.mark.parametrize("then_close", [True, False], ids=["closed", "kept open"])
def test_a_response_during_an_upload_is_read(sender: HttpSender, then_close: bool) -> None:
    body = StreamedBody(lambda: (bytes(CHUNK_BYTES) for _ in range(200)), 200 * CHUNK_BYTES)

    with refusing(REFUSAL, then_close) as url:
        response = sender.fetch(Request("POST", url, body=body))

    assert (response.status, response.body) == (413, b"refused")


@contextmanager
def refusing(answer: bytes, then_close: bool) -> Iterator[str]:
    """A server that answers once it has seen the head of a request, and reads no more than the first MiB."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(CHUNK_BYTES)
                connection.sendall(answer)
                if not then_close:
                    done.wait(30)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        done.set()
        thread.join(10)


@pytest.mark.parametrize("piece", [b"x", b"X-Header: x\r\n"], ids=["a byte", "a line"])
@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 100 Continue\r\n"],
    ids=["in the head", "in the body", "in an interim head"],
)
def test_a_slow_response_ends_at_the_time_limit(sender: HttpSender, head: bytes, piece: bytes) -> None:
    started = time.monotonic()

    with trickling(head, piece) as url, pytest.raises(TimedOut):
        sender.fetch(Request("GET", url, timeout_seconds=0.5))

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS


@contextmanager
def trickling(head: bytes, piece: bytes) -> Iterator[str]:
    """A server that sends ``head``, and then ``piece`` every 50 ms."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(head)
                while not done.wait(0.05):
                    connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        done.set()
        thread.join(10)


def test_a_malformed_head_is_not_logged_with_the_url(sender: HttpSender, caplog: pytest.LogCaptureFixture) -> None:
    malformed = b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 4\r\n\r\nbody"
    with answering(malformed) as url, pytest.raises(ConnectionFailed, match="malformed"):
        sender.fetch(Request("GET", f"{url}?signature=secret"))

    assert "secret" not in caplog.text


def test_an_idle_connection_is_not_used_after_its_time(
    sender: HttpSender, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    sender.fetch(Request("POST", loopback.url))
    monkeypatch.setattr("voxel51.transport.sender.time.monotonic", lambda: now + IDLE_SECONDS + 1)

    sender.fetch(Request("POST", loopback.url))

    assert loopback.connections == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://[::1/", "http://h:port/"])
def test_an_invalid_address_is_rejected_without_its_secrets(sender: HttpSender, url: str) -> None:
    with pytest.raises(APIError, match="is not an HTTP address") as caught:
        sender.fetch(Request("GET", f"{url}?signature=secret"))

    assert "secret" not in str(caught.value)
