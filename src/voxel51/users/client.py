"""What a client of the platform has besides its calls: credentials, connections, and how a call is made."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from voxel51.transport.pooled import PooledSender
from voxel51.transport.retrying import RetryingSender
from voxel51.transport.saving import DownloadProgress
from voxel51.users.auth import Token, load_token
from voxel51.users.calls.call import Call, require_success
from voxel51.users.downloading import download
from voxel51.users.flows import Flow, Receiver, run
from voxel51.users.utils import urljoin
from voxel51.wire.tokens import API_VERSION

Result = TypeVar("Result")
Item = TypeVar("Item")


class Client:
    """Makes the calls that `voxel51.users.calls` describes. Threads may share it.

    Attributes:
        token: what gives access.
        base_url: address of the platform's routes, ``/v1`` included.
        keep_alive: whether connections are kept between calls.
    """

    def __init__(self, token: Token | None = None, keep_alive: bool = True) -> None:
        self.token = token or load_token()
        self.base_url = urljoin(self.token.base_api_url, API_VERSION)
        self.keep_alive = keep_alive
        self._sender = RetryingSender(PooledSender(keep_alive=keep_alive))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def from_json(cls, token_path: str | os.PathLike[str], **kwargs: Any) -> Self:
        """A client with the token file at ``token_path``; ``kwargs`` go to the constructor.

        Raises:
            voxel51.users.auth.TokenError: it is no token file.
        """
        return cls(token=load_token(token_path), **kwargs)

    @staticmethod
    def thread_map(
        callback: Callable[[Item], Result], iterable: Iterable[Item], max_workers: int | None = None
    ) -> list[Result]:
        """``callback(item)`` for every item, in threads. The results are in the order of the items.

        Raises:
            Exception: what the first failing callback, in that order, raised.
        """
        with ThreadPoolExecutor(max_workers=max_workers) as threads:
            return list(threads.map(callback, iterable))

    def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        self._sender.close()

    @property
    def _header(self) -> Mapping[str, str]:
        return self.token.get_header()

    @property
    def _identity(self) -> str:
        """What tells this client's platform and caller from others. It has a secret in it: hash it."""
        return repr((self.base_url, sorted(self._header.items())))

    def _send(self, call: Call[Result], timeout_seconds: float | None = None) -> Result:
        return call.result(self._sender.fetch(call.request(self.base_url, self._header, timeout_seconds)))

    def _save(self, call: Call[Any], path: str | os.PathLike[str], progress: DownloadProgress | None = None) -> None:
        self._run(download(call, path, f"{self.base_url}/{call.path}", progress))

    def _run(self, flow: Flow[Result]) -> Result:
        return run(flow, _Requests(self._sender, self.base_url, self._header))


class _Requests:
    """See `voxel51.users.flows.Requests`."""

    def __init__(self, sender: RetryingSender, base_url: str, header: Mapping[str, str]) -> None:
        self._sender = sender
        self._base_url = base_url
        self._header = header

    def fetch(self, call: Call[Any]) -> Any:
        """See `Requests.fetch`."""
        return call.result(self._sender.fetch(call.request(self._base_url, self._header)))

    def receive(self, call: Call[Any], into: Receiver) -> None:
        """See `Requests.receive`."""
        with self._sender.open(call.request(self._base_url, self._header)) as answer:
            require_success(answer)
            into.begin(answer)
            for chunk in answer.chunks():
                into.take(chunk)
