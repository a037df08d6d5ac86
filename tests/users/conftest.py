import pytest

from support.loopback_server import Loopback, another_loopback, loopback
from voxel51.users.api import API
from voxel51.users.auth import Token

__all__ = ["another_loopback", "loopback"]


@pytest.fixture
def api(loopback: Loopback) -> API:
    return API(Token.from_private_key("key", loopback.url))
