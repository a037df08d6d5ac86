"""What the direct way adds to what `test_pooled` holds every way to: odd answers, kept and lost connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from support.loopback_server import Loopback, Reply
from voxel51.transport.direct import LARGEST_BODY_BYTES, DirectSender
from voxel51.transport.errors import ConnectionFailed
from voxel51.transport.messages import Request, StreamedBody
from voxel51.transport.setup import Timeouts


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
def sender() -> Iterator[DirectSender]:
    sender = DirectSender(Timeouts(connect_seconds=5, silence_seconds=5), keep_alive=True)
    yield sender
    sender.close()


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
ODD_FORMS = {
    "in pieces": (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r", b"\nbo", b"dy"),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n", b"2\r\ndy\r\n0\r\n\r\n"),
    "after an interim answer": (b"HTTP/1.1 100 Continue\r\n\r\n", PLAIN),
    "with a header twice": (b"HTTP/1.1 200 OK\r\nX: 1\r\nX: 2\r\nContent-Length: 4\r\n\r\nbody",),
    "with a folded header": (b"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 4\r\n\r\nbody",),
}


@pytest.mark.parametrize("pieces", ODD_FORMS.values(), ids=ODD_FORMS.keys())
def test_an_answer_of_any_form_is_understood_and_its_connection_kept(
    sender: DirectSender, pieces: tuple[bytes, ...]
) -> None:
    with answering(*pieces) as url:  # it serves one connection at a time, so a second one would hang
        answers = [sender.fetch(Request("GET", url)) for _ in range(2)]

    assert [(answer.status, answer.body) for answer in answers if answer] == [(200, b"body")] * 2


def test_a_body_that_ends_with_the_connection_is_whole(sender: DirectSender) -> None:
    with answering(b"HTTP/1.0 200 OK\r\n\r\nbo", b"dy", then_close=True) as url:
        answers = [sender.fetch(Request("GET", url)) for _ in range(2)]

    assert [answer.body for answer in answers if answer] == [b"body"] * 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbody",
        b"HTTP/1.1 200 OK\r\n" + b"X: endless\r\n" * 30_000,
    ],
    ids=["nothing", "another protocol", "half a head", "half a body", "half a chunk", "a head without end"],
)
def test_what_is_no_whole_answer_is_a_broken_connection(sender: DirectSender, said: bytes) -> None:
    with answering(said, then_close=True) as url, pytest.raises(ConnectionFailed, match="broke"):
        sender.fetch(Request("GET", url))


def test_a_connection_that_was_closed_over_there_is_not_used_again(sender: DirectSender) -> None:
    closed = threading.Event()
    with answering(PLAIN, then_close=True, closed=closed) as url:
        first = sender.fetch(Request("PUT", url))
        assert closed.wait(5)
        second = sender.fetch(Request("PUT", url))

    assert first and second and (first.body, second.body) == (b"body", b"body")


def test_closing_ends_the_wait_of_another_thread(sender: DirectSender, loopback: Loopback) -> None:
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
    "request_",
    [
        Request("GET", "https://127.0.0.1:1/"),
        Request("GET", "http://user:secret@127.0.0.1:1/"),
        Request("GET", "http://127.0.0.1:1/a b"),
        Request("GET", "http://127.0.0.1:1/a/../b"),
        Request("GET", "http://127.0.0.1:0/"),
        Request("GET", "http://127.0.0.1:1/", {"X": "a\r\nY: b"}),
        Request("GET", "http://127.0.0.1:1/", {"X": "a\n b"}),
        Request("GET", "http://127.0.0.1:1/", {"X": "a\0"}),
        Request("GET", "http://127.0.0.1:1/", {"X: b\r\nY": "a"}),
        Request("GET", "http://127.0.0.1:1/", {"X": "Müller"}),
        Request("GET", "http://127.0.0.1:1/", timeout_seconds=1),
        Request("POST", "http://127.0.0.1:1/", body=bytes(LARGEST_BODY_BYTES + 1)),
        Request("POST", "http://127.0.0.1:1/", body=StreamedBody(lambda: [b"x"], 1)),
    ],
    ids=[
        "TLS",
        "a password",
        "a space",
        "dots",
        "port 0",
        "a line break",
        "a fold",
        "a zero",
        "a name",
        "no ASCII",
        "a limit",
        "large",
        "a stream",
    ],
)
def test_what_is_not_ordinary_is_left_to_the_library(sender: DirectSender, request_: Request) -> None:
    assert sender.fetch(request_) is None


def test_another_machine_is_left_to_the_library_where_there_is_a_proxy(
    sender: DirectSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "127.0.0.1:1")

    assert sender.fetch(Request("GET", "http://platform.invalid/")) is None
