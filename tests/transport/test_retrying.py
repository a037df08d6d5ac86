import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from support.loopback_server import Loopback, Reply
from support.waiting import DEADLINE_SLACK_SECONDS
from voxel51.transport.errors import CannotConnect, ConnectionFailed
from voxel51.transport.messages import Request
from voxel51.transport.retrying import Attempts, RetryingSender, RetryPolicy, seconds_of
from voxel51.transport.sender import HttpSender
from voxel51.wire.backoff import Backoff

QUICK = RetryPolicy(attempts=4, backoff=Backoff(0.01, 0.02, jitter=0.5), total_seconds=5)


@pytest.fixture
def sender() -> RetryingSender:
    return RetryingSender(HttpSender(), QUICK)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_temporary_status_is_retried(loopback: Loopback, sender: RetryingSender, status: int) -> None:
    loopback.reply(Reply.error(status, "not now"), Reply.error(status, "not now"), Reply(body=b"now"))

    assert sender.fetch(Request("GET", loopback.url, repeatable=True)).body == b"now"
    assert len(loopback.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500])
def test_another_error_status_is_not_retried(loopback: Loopback, sender: RetryingSender, status: int) -> None:
    loopback.reply(Reply.error(status, "no"), Reply())

    assert sender.fetch(Request("GET", loopback.url, repeatable=True)).status == status


def test_an_unrepeatable_request_is_not_retried_after_a_status(loopback: Loopback, sender: RetryingSender) -> None:
    loopback.reply(Reply.error(503, "not now"), Reply())

    assert sender.fetch(Request("POST", loopback.url)).status == 503
    assert len(loopback.requests) == 1


def test_an_unrepeatable_request_is_not_retried_after_a_broken_connection(
    loopback: Loopback, sender: RetryingSender
) -> None:
    loopback.reply(Reply(hang_up=True), Reply())

    with pytest.raises(ConnectionFailed):
        sender.fetch(Request("POST", loopback.url))

    assert len(loopback.requests) == 1


def test_the_last_response_is_returned(loopback: Loopback, sender: RetryingSender) -> None:
    loopback.reply(Reply.error(503, "down"))

    assert sender.fetch(Request("GET", loopback.url, repeatable=True)).status == 503
    assert len(loopback.requests) == QUICK.attempts


def test_a_broken_connection_is_retried(loopback: Loopback, sender: RetryingSender) -> None:
    loopback.reply(Reply(hang_up=True), Reply(body=b"whole", cut_after=2), Reply(body=b"whole"))

    assert sender.fetch(Request("GET", loopback.url, repeatable=True)).body == b"whole"


def test_any_request_is_retried_if_nothing_was_sent(sender: RetryingSender) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    started = time.monotonic()

    with pytest.raises(CannotConnect):
        sender.fetch(Request("POST", url))

    assert time.monotonic() - started >= 3 * 0.01 / 2


def test_retry_after_is_honoured(loopback: Loopback, sender: RetryingSender) -> None:
    loopback.reply(Reply.error(429, "slowly", Retry_After="0.2"), Reply())
    started = time.monotonic()

    assert sender.fetch(Request("GET", loopback.url, repeatable=True)).status == 200
    assert time.monotonic() - started >= 0.2


def test_a_retry_after_beyond_the_limit_is_left_to_the_caller(loopback: Loopback, sender: RetryingSender) -> None:
    loopback.reply(Reply.error(429, "slowly", Retry_After="3600"), Reply())

    assert sender.fetch(Request("GET", loopback.url, repeatable=True)).status == 429


def test_pauses_grow_and_end_at_the_time_limit() -> None:
    policy = RetryPolicy(attempts=100, backoff=Backoff(1, 8, jitter=0.5), total_seconds=1000)
    attempts = Attempts(policy, Request("GET", "http://host", repeatable=True))
    broken = ConnectionFailed("gone")

    pauses = [attempts.pause_after_failure(broken) for _ in range(6)]

    for pause, full in zip(pauses, [1, 2, 4, 8, 8, 8], strict=True):
        assert pause is not None
        assert full / 2 <= pause <= full
    short = Attempts(policy, Request("GET", "http://host", repeatable=True, timeout_seconds=0.1))
    assert short.pause_after_failure(broken) is None


def test_threads_retry_over_one_sender(loopback: Loopback, sender: RetryingSender) -> None:
    seen: dict[str, int] = {}
    lock = threading.Lock()

    def choose(request):
        with lock:
            seen[request.path] = seen.get(request.path, 0) + 1
            return Reply.error(503, "not now") if seen[request.path] == 1 else Reply()

    loopback.choose = choose
    requests = [Request("GET", f"{loopback.url}/{number}", repeatable=True) for number in range(8)]
    threads = [threading.Thread(target=sender.fetch, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(seen.values()) == {2}


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        (None, 0, 0),
        ("3", 3, 3),
        ("-3", 0, 0),
        ("soon", 0, 0),
    ],
)
def test_retry_after_is_seconds(header: str | None, low: float, high: float) -> None:
    assert low <= seconds_of(header) <= high


@pytest.mark.parametrize(("hours", "low", "high"), [(1, 2700, 3600), (-1, 0, 0)])
def test_retry_after_is_a_date(hours: float, low: float, high: float) -> None:
    moment = datetime.now(UTC) + timedelta(hours=hours)

    assert low <= seconds_of(format_datetime(moment, usegmt=True)) <= high


@pytest.mark.alone
def test_all_attempts_together_end_at_the_time_limit(loopback: Loopback) -> None:
    never = threading.Event()
    loopback.reply(Reply.error(503, "not now"), Reply.error(503, "not now"), Reply(until=never))
    sender = RetryingSender(HttpSender(), RetryPolicy(backoff=Backoff(0.01, 5, jitter=0.5)))
    started = time.monotonic()

    with pytest.raises(ConnectionFailed):
        sender.fetch(Request("GET", loopback.url, repeatable=True, timeout_seconds=0.5))

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    never.set()
