"""Original SDK: an adapter of the library ``requests`` that sends from a chosen local port.

This project does not use it. It is here for analytics that do, and needs ``requests``, which they install.
"""

from typing import Any

try:
    from requests.adapters import HTTPAdapter
    from urllib3.poolmanager import PoolManager
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "SourcePortAdapter needs the package 'requests', which is not installed: pip install requests", name=error.name
    ) from None


class SourcePortAdapter(HTTPAdapter):
    """Adapter whose connections come from the local port ``source_port``; the other arguments are ``HTTPAdapter``'s."""

    def __init__(self, source_port: int, *args: Any, **kwargs: Any) -> None:
        self._source_port = source_port  # before the base class, whose constructor calls `init_poolmanager`
        super().__init__(*args, **kwargs)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Make the pool of connections that are bound to the port."""
        self.poolmanager = PoolManager(
            num_pools=connections, maxsize=maxsize, block=block, source_address=("", self._source_port), **pool_kwargs
        )
