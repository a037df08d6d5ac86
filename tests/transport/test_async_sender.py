import asyncio
import threading
from collections.abc import Mapping

import pytest

from support.loopback_server import Loopback, Reply
from voxel51.transport.async_sender import AsyncSender
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


async def test_what_is_being_written_is_written_before_a_cancelled_download_ends(loopback: Loopback) -> None:
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
