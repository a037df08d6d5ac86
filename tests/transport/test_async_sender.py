import asyncio
import threading
from collections.abc import Mapping

import pytest

from support.loopback_server import Loopback, Reply
from voxel51.transport.async_sender import AsyncSender
from voxel51.transport.errors import ConnectionFailed
from voxel51.transport.messages import Request

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Slow:
    """Takes its time over the first piece."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.done = threading.Event(), threading.Event(), False

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Nothing is to be prepared."""

    def take(self, chunk: bytes) -> None:
        self.begun.set()
        self.go_on.wait(10)
        self.done = True


async def test_a_cancelled_download_ends_after_the_piece_being_written(loopback: Loopback) -> None:
    loopback.reply(Reply(body=b"content"))
    sender, into = AsyncSender(), Slow()
    download = asyncio.create_task(sender.receive(Request("GET", loopback.url), lambda _answer: None, into))
    await asyncio.to_thread(into.begun.wait, 10)

    download.cancel()
    asyncio.get_running_loop().call_later(0.1, into.go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await download

    assert into.done
    await sender.close()


async def test_a_cancelled_call_ends_at_once_and_closes_its_connection(loopback: Loopback) -> None:
    never, arrived = threading.Event(), threading.Event()

    def choose(_request: object) -> Reply:
        arrived.set()
        return Reply(until=never)

    loopback.choose = choose
    sender = AsyncSender()
    call = asyncio.create_task(sender.fetch(Request("GET", loopback.url, repeatable=True)))
    await asyncio.to_thread(arrived.wait, 10)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(call, 5)

    never.set()
    loopback.choose = lambda _request: Reply()
    assert (await sender.fetch(Request("GET", loopback.url))).status == 200
    assert loopback.connections == 2
    await sender.close()


async def test_a_cancelled_call_does_not_go_on_after_its_pause(loopback: Loopback) -> None:
    loopback.reply(Reply.error(503, "not now", Retry_After="0.5"), Reply())
    sender = AsyncSender()
    call = asyncio.create_task(sender.fetch(Request("GET", loopback.url, repeatable=True)))
    while not loopback.requests:
        await asyncio.sleep(0.01)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0.7)

    assert len(loopback.requests) == 1
    await sender.close()


async def test_many_calls_run_at_the_same_time_and_the_loop_goes_on(loopback: Loopback) -> None:
    all_there, count = threading.Event(), 0

    def choose(_request: object) -> Reply:
        nonlocal count
        count += 1  # the server holds a lock meanwhile
        if count == 50:
            all_there.set()
        return Reply(until=all_there)

    loopback.choose = choose
    sender = AsyncSender()

    async with asyncio.timeout(60):
        responses = await asyncio.gather(*(sender.fetch(Request("GET", loopback.url)) for _ in range(50)))

    assert [response.status for response in responses] == [200] * 50
    await sender.close()


async def test_closing_makes_calls_under_way_fail(loopback: Loopback) -> None:
    never, arrived = threading.Event(), threading.Event()

    def choose(_request: object) -> Reply:
        arrived.set()
        return Reply(until=never)

    loopback.choose = choose
    sender = AsyncSender()
    call = asyncio.create_task(sender.fetch(Request("POST", loopback.url)))
    await asyncio.to_thread(arrived.wait, 10)

    await sender.close()

    with pytest.raises(ConnectionFailed):
        await asyncio.wait_for(call, 5)
    never.set()
