"""The compute queue: a short queue for processor-heavy work, which holds no request worker and is shared fairly."""

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from requests.adapters import HTTPAdapter

from voxel51.server.errors import TooManyRequests
from voxel51.server.http.compute_queue import ComputeQueue

PASSWORD = "correct horse"


def test_full_queue_rejects_at_once_and_keeps_room_for_other_networks() -> None:
    async def fill() -> None:
        queue, release = ComputeQueue(threads=1, capacity=4), threading.Event()
        running = [asyncio.create_task(queue.run("attacker", release.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await queue.run("attacker", release.wait)
        others = [asyncio.create_task(queue.run(name, release.wait)) for name in ("alice", "bob")]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await queue.run("carol", release.wait)
        release.set()
        assert await asyncio.gather(*running, *others) == [True] * 4
        assert await queue.run("attacker", lambda: "free again") == "free again"
        with pytest.raises(ZeroDivisionError):
            await queue.run("attacker", lambda: 1 // 0)
        assert not queue._pending

    asyncio.run(fill())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 as addresses of its own")
def test_flood_of_sign_ins_is_rejected_while_others_sign_in_and_work(start_platform) -> None:
    platform = start_platform(environment={"VOXEL51_SERVER_THREADS": "2"})
    url, operator = f"{platform.url}/v1", from_address("127.0.0.2")
    account = {"username": "root", "password": PASSWORD}
    assert operator.post(f"{url}/sign-up", json=account, timeout=60).status_code == 201

    with flood(lambda client: client.post(f"{url}/sign-in", json=account | {"password": "a guess"}, timeout=60)) as got:
        assert operator.get(f"{url}/account", timeout=60).status_code == 200
        assert from_address("127.0.0.2").post(f"{url}/sign-in", json=account, timeout=60).status_code == 200
        changed = {"current_password": PASSWORD, "new_password": "longer horse"}
        assert operator.put(f"{url}/account/password", json=changed, timeout=60).status_code == 204

    assert set(got) == {401, 429}


def from_address(address: str) -> requests.Session:
    """Return a client whose connections come from this address of the loopback interface."""

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: object, **options: object) -> None:
            super().init_poolmanager(*arguments, **options, source_address=(address, 0))  # type: ignore[arg-type]

    session = requests.Session()
    session.mount("http://", Adapter())
    return session


class flood:  # noqa: N801  (used like a function)
    """Send requests on 20 connections from one address until the block ends; gives the number of each status."""

    def __init__(self, send: Callable[[requests.Session], requests.Response], connections: int = 20) -> None:
        self._send, self._connections = send, connections
        self._pool, self._stop, self._seen = ThreadPoolExecutor(connections), threading.Event(), Counter[int]()
        self._started = threading.Semaphore(0)

    def __enter__(self) -> Counter[int]:
        self._running = [self._pool.submit(self._repeat) for _ in range(self._connections)]
        for _ in range(2 * self._connections):
            self._started.acquire()
        return self._seen

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._running:
            each.result()
        self._pool.shutdown()

    def _repeat(self) -> None:
        with from_address("127.0.0.1") as client:
            while not self._stop.is_set():
                status = self._send(client).status_code
                self._seen[status] += 1
                self._started.release()
