import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import voxel51
from support.loopback_server import Loopback, Reply
from support.waiting import DEADLINE_SLACK_SECONDS
from voxel51.transport.errors import APIError, CannotConnect, ConnectionFailed, TimedOut
from voxel51.transport.messages import CHUNK_BYTES, Request, StreamedBody
from voxel51.transport.sender import HttpSender, Timeouts

IMPATIENT = Timeouts(connect_seconds=2, silence_seconds=0.3)


def free_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def chunks(count: int, pause_seconds: float = 0.0):
    def produce():
        for _ in range(count):
            threading.Event().wait(pause_seconds)
            yield b"x" * CHUNK_BYTES

    return StreamedBody(produce, count * CHUNK_BYTES)


def test_calls_share_connections(loopback: Loopback) -> None:
    sender = HttpSender()

    for _ in range(20):
        sender.fetch(Request("GET", loopback.url))

    assert len(loopback.requests) == 20
    assert loopback.connections <= 2  # a new one may be begun while the old one is just coming back


def test_without_keep_alive_every_call_has_a_connection_of_its_own(loopback: Loopback) -> None:
    sender = HttpSender(keep_alive=False)

    for _ in range(3):
        sender.fetch(Request("GET", loopback.url))

    assert loopback.connections == 3


def test_threads_share_the_pool(loopback: Loopback) -> None:
    sender = HttpSender()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: sender.fetch(Request("GET", loopback.url)), range(40)))

    assert [answer.status for answer in answers] == [200] * 40
    assert loopback.connections <= 8  # a new one may be begun while an old one is just coming back


def test_a_closed_sender_opens_new_connections(loopback: Loopback) -> None:
    sender = HttpSender()
    sender.fetch(Request("GET", loopback.url))

    sender.close()

    assert sender.fetch(Request("GET", loopback.url)).status == 200
    assert loopback.connections == 2


def test_the_user_agent_names_the_client(loopback: Loopback) -> None:
    HttpSender().fetch(Request("GET", loopback.url))

    assert loopback.last.headers["user-agent"] == f"voxel51-platform/{voxel51.__version__}"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_request_without_a_body_has_the_content_length_zero(loopback: Loopback, method: str) -> None:
    HttpSender().fetch(Request(method, loopback.url))

    assert loopback.last.headers["content-length"] == "0"
    assert "content-type" not in loopback.last.headers


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_streamed_body_has_its_exact_content_length(loopback: Loopback, count: int) -> None:
    HttpSender().fetch(Request("POST", loopback.url, body=chunks(count)))

    assert loopback.last.headers["content-length"] == str(count * CHUNK_BYTES)
    assert "transfer-encoding" not in loopback.last.headers
    assert loopback.last.size_bytes == count * CHUNK_BYTES


def test_a_response_can_be_read_in_pieces(loopback: Loopback) -> None:
    loopback.reply(Reply(body=b"abcd" * 1000, repeat_body=1000))

    with HttpSender().send(Request("GET", loopback.url)) as answer:
        pieces = list(answer.chunks())

    assert b"".join(pieces) == b"abcd" * 1_000_000
    assert max(map(len, pieces)) <= CHUNK_BYTES


def test_headers_are_found_in_any_case_and_values_beyond_ascii_are_absent(loopback: Loopback) -> None:
    loopback.reply(Reply(headers={"X-Request-Id": "r1", "X-Name": "Müller"}))

    headers = HttpSender().fetch(Request("GET", loopback.url)).headers

    assert headers["x-request-id"] == headers["X-Request-ID"] == "r1"
    assert headers.get("x-name") is None
    assert "x-name" in list(headers)


def test_silence_ends_the_wait(loopback: Loopback) -> None:
    never = threading.Event()
    loopback.reply(Reply(until=never))

    with pytest.raises(TimedOut, match="did not answer in time"):
        HttpSender(IMPATIENT).fetch(Request("GET", loopback.url))

    never.set()


def test_a_call_can_have_a_time_limit_of_its_own(loopback: Loopback) -> None:
    never = threading.Event()
    loopback.reply(Reply(until=never))
    started = time.monotonic()

    with pytest.raises(TimedOut):
        HttpSender().fetch(Request("GET", loopback.url, timeout_seconds=0.2))

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    never.set()


def test_a_slow_upload_is_not_silence(loopback: Loopback) -> None:
    answer = HttpSender(IMPATIENT).fetch(Request("POST", loopback.url, body=chunks(4, pause_seconds=0.2)))

    assert answer.status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when the other side stopped taking bytes")
def test_an_upload_ends_when_the_server_reads_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        started = time.monotonic()

        with pytest.raises(TimedOut):
            HttpSender(IMPATIENT).fetch(Request("POST", url, body=chunks(64)))

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS


def test_an_upload_has_a_total_limit_that_grows_with_its_size() -> None:
    timeouts = Timeouts(silence_seconds=60, slowest_upload_bytes_per_second=1000)

    assert timeouts.of_upload(10_000) == 70


def test_an_incomplete_body_is_an_error(loopback: Loopback) -> None:
    loopback.reply(Reply(body=b'{"jobs": []}', cut_after=5))

    with pytest.raises(ConnectionFailed, match="broke"):
        HttpSender().fetch(Request("GET", loopback.url))


def test_a_stream_that_breaks_off_fails_while_it_is_read(loopback: Loopback) -> None:
    loopback.reply(Reply(body=bytes(5 * CHUNK_BYTES), cut_after=4 * CHUNK_BYTES))

    with HttpSender().send(Request("GET", loopback.url)) as answer, pytest.raises(ConnectionFailed):
        list(answer.chunks())


def test_a_refused_connection_names_the_origin_and_no_secrets() -> None:
    url = free_url()

    with pytest.raises(CannotConnect) as caught:
        HttpSender().fetch(Request("GET", f"{url}/data/secret-path?signature=secret"))

    assert url in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "127.0.0.1", "http://"])
def test_an_invalid_address_is_named(url: str) -> None:
    with pytest.raises(APIError, match="an address looks like"):
        HttpSender().fetch(Request("GET", url))


def test_a_credential_with_a_line_break_is_not_shown(loopback: Loopback) -> None:
    with pytest.raises(APIError, match="Authorization") as caught:
        HttpSender().fetch(Request("GET", loopback.url, {"Authorization": "Bearer top\nsecret"}))

    assert "top" not in str(caught.value)


@pytest.mark.parametrize("announced", [10, 3 * CHUNK_BYTES])
def test_an_error_of_the_body_is_raised_unchanged(loopback: Loopback, announced: int) -> None:
    def broken():
        yield b"x"
        raise ValueError("the disk is gone")

    with pytest.raises(ValueError, match="the disk is gone"):
        HttpSender().fetch(Request("POST", loopback.url, body=StreamedBody(broken, announced)))


@pytest.mark.usefixtures("default_sigint")
@pytest.mark.parametrize("how", ["fetch", "send"])
def test_ctrl_c_ends_a_wait_at_once(loopback: Loopback, how: str) -> None:
    never = threading.Event()
    loopback.reply(Reply(until=never))
    sender = HttpSender()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()

    with pytest.raises(KeyboardInterrupt):
        getattr(sender, how)(Request("GET", loopback.url))

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    never.set()
    loopback.reply(Reply())
    assert sender.fetch(Request("GET", loopback.url)).status == 200


def test_calls_from_a_signal_handler_do_not_wait_for_the_call_they_interrupt(loopback: Loopback) -> None:
    gate = threading.Event()
    loopback.choose = lambda request: Reply(until=gate) if request.path == "/slow" else Reply()
    sender = HttpSender()

    def handle(*_):
        sender.fetch(Request("GET", f"{loopback.url}/quick"))
        gate.set()

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        assert sender.fetch(Request("GET", f"{loopback.url}/slow")).status == 200
    finally:
        signal.signal(signal.SIGUSR1, before)


def run(script: str, *arguments: str, **variables: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **variables},
    )
    return result.stdout.strip()


@pytest.mark.parametrize("after", ["sender", "HttpSender()"], ids=["the same sender", "another sender"])
def test_a_forked_process_sends_over_a_connection_of_its_own(loopback: Loopback, after: str) -> None:
    script = f"""
        import os, sys
        from voxel51.transport.messages import Request
        from voxel51.transport.sender import HttpSender
        sender, request = HttpSender(), Request("GET", sys.argv[1])
        unread = sender.send(request)
        child = os.fork()
        if child == 0:
            with {after}.send(request) as response:
                print("child", response.read().decode(), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print("parent", unread.read().decode(), sender.fetch(request).status)
    """
    loopback.reply(Reply(body=b"whole"))

    assert run(script, loopback.url) == "child whole\nparent whole 200"
    assert loopback.connections == 2


def test_small_calls_go_on_in_a_forked_process_and_in_its_parent(loopback: Loopback) -> None:
    script = """
        import os, sys
        from voxel51.transport.messages import Request
        from voxel51.transport.sender import HttpSender, Timeouts
        sender, request = HttpSender(), Request("GET", sys.argv[1])
        sender.fetch(request)
        child = os.fork()
        if child == 0:
            print("child", sender.fetch(request).status, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print("parent", sender.fetch(request).status)
    """
    assert run(script, loopback.url) == "child 200\nparent 200"
    assert loopback.connections == 2


def test_large_bodies_need_constant_memory(loopback: Loopback, tmp_path: Path) -> None:
    chunks = 128  # far more than the limit below, in both directions
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(chunks * CHUNK_BYTES)
    loopback.choose = lambda request: (
        Reply(body=bytes(CHUNK_BYTES), repeat_body=chunks) if request.method == "GET" else Reply()
    )
    script = """
        import resource, sys
        from voxel51.transport.messages import Request
        from voxel51.transport.multipart import FilePart, encode
        from voxel51.transport.sender import HttpSender, Timeouts
        from pathlib import Path
        from voxel51.transport.partial import PartialDownload
        url, source, target = sys.argv[1:]
        sender = HttpSender()
        sender.fetch(Request("POST", url, body=b"warm"))
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
        before = peak()
        _, body = encode({"file": FilePart.from_path(source)}, {})
        sender.fetch(Request("POST", url, body=body))
        with sender.send(Request("GET", url)) as answer:
            partial = PartialDownload(Path(target), url, None)
            partial.begin(answer.status, answer.headers)
            for chunk in answer.chunks():
                partial.take(chunk)
            partial.finish()
        print((peak() - before) // 1024)
    """
    grown_mib = int(run(script, loopback.url, str(source), str(tmp_path / "out")))

    assert grown_mib < 48
    assert (tmp_path / "out").stat().st_size == chunks * CHUNK_BYTES
    assert max(request.size_bytes for request in loopback.requests) > chunks * CHUNK_BYTES


def test_a_proxy_is_used_for_other_machines_but_not_for_this_one(
    loopback: Loopback, another_loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", another_loopback.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "direct.invalid")
    sender = HttpSender()

    sender.fetch(Request("GET", loopback.url))
    sender.fetch(Request("GET", "http://platform.invalid/v1/jobs"))
    with pytest.raises(CannotConnect):
        sender.fetch(Request("GET", "http://direct.invalid/"))

    assert len(loopback.requests) == 1
    assert [request.path for request in another_loopback.requests] == ["http://platform.invalid/v1/jobs"]
