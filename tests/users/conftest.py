import pytest

from support.loopback_server import Loopback, another_loopback, loopback
from voxel51.transport import retrying
from voxel51.transport.retrying import RetryPolicy
from voxel51.users import waiting
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.wire.backoff import Backoff

__all__ = ["another_loopback", "loopback"]


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries and polls with pauses of milliseconds; their number and growth are the usual ones."""
    monkeypatch.setattr(retrying, "RetryPolicy", lambda: RetryPolicy(backoff=Backoff(0.004, 0.1, jitter=0.5)))
    monkeypatch.setattr(waiting, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(waiting, "WORTH_LISTENING_SECONDS", 0.006)


@pytest.fixture
def api(loopback: Loopback) -> API:
    return API(Token.from_private_key("key", loopback.url))
