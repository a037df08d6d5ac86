"""Async client without its calls: connections, and the execution of calls and flows in an event loop."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, TypeVar

from voxel51.transport.async_sender import AsyncSender
from voxel51.transport.errors import APIError
from voxel51.transport.messages import Request
from voxel51.users.auth import Token
from voxel51.users.calls.call import Call, require_store_success
from voxel51.users.client import BaseClient
from voxel51.users.flows import (
    Action,
    Emit,
    EmittingFlow,
    Execution,
    Fetch,
    Flow,
    Identify,
    Pause,
    Receive,
    ReceiveLink,
    ReceiveLinks,
    SendToStore,
    Work,
)
from voxel51.users.running import RunViews

Result = TypeVar("Result")
Item = TypeVar("Item")


class AsyncClient(BaseClient):
    """Async client that makes the calls described in `voxel51.users.calls`. Tasks of one event loop may share it."""

    def __init__(self, token: Token | None = None, keep_alive: bool = True) -> None:
        super().__init__(token, keep_alive)
        self._sender = AsyncSender(keep_alive=keep_alive)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        await self._sender.close()

    _poster = None
    """No posters in notebooks: their views are made in blocking code."""

    @property
    def _run_views(self) -> RunViews:
        return RunViews(self.token.base_api_url, None, None)

    async def _run(self, flow: Flow[Result]) -> Result:
        execution = Execution(flow)
        async for _ in self._execute(execution):
            pass
        return execution.result

    def _iterate(self, flow: EmittingFlow[Item]) -> AsyncIterator[Item]:
        return self._execute(Execution(flow))

    async def _execute(self, execution: Execution[Any]) -> AsyncIterator[Any]:
        """Perform the actions of a flow until it ends, and yield the items that it emits."""
        try:
            while (action := execution.action) is not None:
                if isinstance(action, Emit):
                    yield action.item
                    execution.succeed(None)
                    continue
                try:
                    outcome = await self._perform(action)
                except Exception as error:
                    execution.fail(error)
                else:
                    execution.succeed(outcome)
        finally:
            execution.close()

    async def _perform(self, action: Action) -> Any:
        match action:
            case Fetch():
                return await self._send(action.call, action.timeout_seconds)
            case Pause():
                return await asyncio.sleep(action.seconds)
            case Receive():
                call = self._adapt(action.call)
                request = self._request(call, action.timeout_seconds)
                return await self._sender.receive(request, call.require_success, action.into)
            case ReceiveLink() | ReceiveLinks() | SendToStore():
                return await self._transfer(action)
            case Work():
                return await asyncio.to_thread(action.function)
            case Identify():
                return self._identity

    async def _send(self, call: Call[Result], timeout_seconds: float | None = None) -> Result:
        call = self._adapt(call)
        return call.result(await self._sender.fetch(self._request(call, timeout_seconds)))

    async def _transfer(self, action: ReceiveLink | ReceiveLinks | SendToStore) -> Any:
        """Exchange files with the store."""
        match action:
            case ReceiveLink():
                return await self._receive_link(action)
            case ReceiveLinks():
                return await self._receive_links(action)
            case SendToStore():
                return await self._send_to_store(action)

    async def _receive_link(self, link: ReceiveLink) -> None:
        await self._sender.receive(link.request(), require_store_success, link.into)

    async def _receive_links(self, action: ReceiveLinks) -> list[APIError]:
        waiting = deque(action.links)
        errors: list[APIError] = []

        async def receive_next() -> None:
            while waiting:
                try:
                    await self._receive_link(waiting.popleft())
                except APIError as error:
                    errors.append(error)
                    waiting.clear()

        try:
            async with asyncio.TaskGroup() as group:  # which cancels the others after an exception, and waits for them
                for _ in range(min(action.at_once, len(action.links))):
                    group.create_task(receive_next())
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return errors

    async def _send_to_store(self, action: SendToStore) -> list[APIError | None]:
        slots = asyncio.Semaphore(action.at_once)
        return await asyncio.gather(*(self._attempt(request, slots) for request in action.requests))

    async def _attempt(self, request: Request, slots: asyncio.Semaphore) -> APIError | None:
        async with slots:
            try:
                require_store_success(await self._sender.attempt(request))
            except APIError as error:
                return error
        return None
