"""Clients without their calls: credentials, connections, and the execution of calls and flows."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from voxel51.transport.errors import APIError
from voxel51.transport.messages import Request, ResponseSink
from voxel51.transport.retrying import RetryingSender
from voxel51.transport.secrets import shown
from voxel51.transport.sender import HttpSender
from voxel51.users.auth import Token, load_token
from voxel51.users.calls.call import Call, require_store_success
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
from voxel51.users.progress import progress_reporter
from voxel51.users.renditions import of_data, of_job, rendition_bytes
from voxel51.users.running import RunViews
from voxel51.users.utils import urljoin
from voxel51.wire.hashing import new_sha256
from voxel51.wire.tokens import API_VERSION

Result = TypeVar("Result")
Item = TypeVar("Item")


class BaseClient:
    """Base of all clients: holds the credentials and turns calls into requests. Subclasses send them.

    Attributes:
        token: the credentials.
        base_url: the address of the platform's routes, including ``/v1``.
        keep_alive: whether connections are kept open between calls.
    """

    def __init__(self, token: Token | None = None, keep_alive: bool = True) -> None:
        self.token: Token = token or self._load_token()
        self.base_url: str = urljoin(self.token.base_api_url, API_VERSION)
        self.keep_alive = keep_alive

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown(self.base_url)!r}, token_id={self.token.id!r})"

    @classmethod
    def from_json(cls, token_path: str | os.PathLike[str], **kwargs: Any) -> Self:
        """Return a client with the token file at ``token_path``; ``kwargs`` are passed to the constructor.

        Raises:
            voxel51.users.auth.TokenError: the file was not found or is invalid.
        """
        return cls(token=cls._load_token(token_path), **kwargs)

    @staticmethod
    def _load_token(token_path: str | os.PathLike[str] | None = None) -> Token:
        return load_token(token_path)

    @property
    def _header(self) -> Mapping[str, str]:
        return self.token.get_header()

    @property
    def _identity(self) -> str:
        """Return a hash that identifies the platform and the caller, without secrets."""
        text = repr((self.base_url, sorted(self._header.items())))
        return new_sha256(text.encode(errors="replace")).hexdigest()

    def _adapt(self, call: Call[Result]) -> Call[Result]:
        """Return ``call`` as this type of client makes it."""
        return call

    def _request(self, call: Call[Any], timeout_seconds: float | None = None) -> Request:
        return call.request(self.base_url, self._header, timeout_seconds)


class Client(BaseClient):
    """Blocking client that makes the calls described in `voxel51.users.calls`. Threads may share it."""

    def __init__(self, token: Token | None = None, keep_alive: bool = True) -> None:
        super().__init__(token, keep_alive)
        self._sender = RetryingSender(HttpSender(keep_alive=keep_alive))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def thread_map(
        callback: Callable[[Item], Result],
        iterable: Iterable[Item],
        max_workers: int | None = None,
        progress: bool | Callable[[int, int], None] | None = None,
    ) -> list[Result]:
        """Call ``callback(item)`` for every item, in threads, and return the results in the order of the items.

        Args:
            callback: the function to call.
            iterable: the items.
            max_workers: the maximum number of threads.
            progress: True shows a progress bar. A function is called after each item, as ``progress(done, total)``.

        Raises:
            Exception: the exception of the first failing callback, in that order. No call starts after a failure.
        """
        from concurrent.futures import ThreadPoolExecutor, as_completed  # noqa: PLC0415  (15 ms that few scripts need)

        report = progress_reporter(progress, "done", unit="")
        with ThreadPoolExecutor(max_workers=max_workers) as threads:
            pending = [threads.submit(callback, item) for item in iterable]
            try:
                for done, future in enumerate(as_completed(pending), start=1):
                    if future.exception() is not None:
                        break
                    if report is not None:
                        report(done, len(pending))
            finally:
                threads.shutdown(wait=True, cancel_futures=True)
        return [future.result() for future in pending if not future.cancelled()]

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self._sender.close()

    def _poster(self, data_id: str) -> bytes:
        """Return the poster of a video, for `RunResult` in notebooks."""
        return self._run(rendition_bytes(of_data(data_id, "poster", {})))

    @property
    def _run_views(self) -> RunViews:
        return RunViews(self.token.base_api_url, self._poster, self._job_rendition)

    def _job_rendition(self, job_id: str, kind: str, arguments: Mapping[str, object]) -> bytes:
        """Return a rendition of a job, for `RunResult` in notebooks."""
        return self._run(rendition_bytes(of_job(job_id, kind, arguments)))

    def _run(self, flow: Flow[Result]) -> Result:
        execution = Execution(flow)
        for _ in self._execute(execution):
            pass
        return execution.result

    def _iterate(self, flow: EmittingFlow[Item]) -> Iterator[Item]:
        return self._execute(Execution(flow))

    def _execute(self, execution: Execution[Any]) -> Iterator[Any]:
        """Perform the actions of a flow until it ends, and yield the items that it emits."""
        try:
            while (action := execution.action) is not None:
                if isinstance(action, Emit):
                    yield action.item
                    execution.succeed(None)
                    continue
                try:
                    outcome = self._perform(action)
                except Exception as error:
                    execution.fail(error)
                else:
                    execution.succeed(outcome)
        finally:
            execution.close()

    def _perform(self, action: Action) -> Any:
        match action:
            case Fetch():
                return self._send(action.call, action.timeout_seconds)
            case Pause():
                return time.sleep(action.seconds)
            case Receive():
                return self._receive(action.call, action.into, action.timeout_seconds)
            case ReceiveLink() | ReceiveLinks() | SendToStore():
                return self._transfer(action)
            case Work():
                return action.function()
            case Identify():
                return self._identity

    def _send(self, call: Call[Result], timeout_seconds: float | None = None) -> Result:
        call = self._adapt(call)
        return call.result(self._sender.fetch(self._request(call, timeout_seconds)))

    def _transfer(self, action: ReceiveLink | ReceiveLinks | SendToStore) -> Any:
        """Exchange files with the store."""
        match action:
            case ReceiveLink():
                return self._receive_link(action)
            case ReceiveLinks():
                return self._receive_links(action)
            case SendToStore():
                return self._send_to_store(action)

    def _receive_link(self, link: ReceiveLink) -> None:
        self._sender.receive(link.request(), require_store_success, link.into)

    def _receive_links(self, action: ReceiveLinks) -> list[APIError]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (15 ms that few scripts need)

        waiting = deque(action.links)

        def receive_next() -> list[APIError]:
            while True:
                try:
                    self._receive_link(waiting.popleft())
                except IndexError:
                    return []
                except APIError as error:
                    waiting.clear()
                    return [error]

        at_once = min(action.at_once, len(action.links))
        threads = ThreadPoolExecutor(max(at_once, 1), thread_name_prefix="voxel51-store")
        try:
            ends = [threads.submit(receive_next) for _ in range(at_once)]
            return [error for end in ends for error in end.result()]
        finally:
            waiting.clear()  # after an exception, the others still end their ranges, but begin no more
            threads.shutdown(wait=True, cancel_futures=True)

    def _send_to_store(self, action: SendToStore) -> list[APIError | None]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (15 ms that few scripts need)

        threads = ThreadPoolExecutor(action.at_once, thread_name_prefix="voxel51-store")
        try:
            return list(threads.map(self._attempt, action.requests))
        finally:
            threads.shutdown(wait=True, cancel_futures=True)

    def _attempt(self, request: Request) -> APIError | None:
        try:
            require_store_success(self._sender.attempt(request))
        except APIError as error:
            return error
        return None

    def _receive(self, call: Call[Any], into: ResponseSink, timeout_seconds: float | None = None) -> None:
        call = self._adapt(call)
        self._sender.receive(self._request(call, timeout_seconds), call.require_success, into)
