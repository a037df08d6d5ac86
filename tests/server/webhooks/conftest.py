"""Fixtures of the webhook tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.databases import migrated_sqlite
from support.webhook_receivers import Receiver
from support.webhook_services import Webhooks
from voxel51.server.accounts.callers import Application, User
from voxel51.server.database.database import Database


@pytest.fixture
def hooks(tmp_path: Path) -> Iterator[Webhooks]:
    database = Database(migrated_sqlite(tmp_path / "platform.sqlite"))
    yield Webhooks(database)
    database.close()


@pytest.fixture
def alice(hooks: Webhooks) -> User:
    return hooks.accounts.create_user("alice")


@pytest.fixture
def bob(hooks: Webhooks) -> User:
    return hooks.accounts.create_user("bob")


@pytest.fixture
def acme(hooks: Webhooks) -> Application:
    return hooks.applications.create("acme")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def another_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
