"""Rotation of the secret key: links lapse, everything else stays, and a crash at any point can be repaired."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from voxel51.server import key_rotation
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.accounts.service import AccountService
from voxel51.server.accounts.tokens import TokenService, TokenSpec
from voxel51.server.data.sources import SourceService
from voxel51.server.data.tables import data
from voxel51.server.data_folder import FolderInUse, FolderLock
from voxel51.server.database.opening import open_database
from voxel51.server.encryption import Cipher, load_secret_key
from voxel51.server.errors import Forbidden
from voxel51.server.http.signing import LinkSigner
from voxel51.server.key_rotation import rotate_secret_key
from voxel51.server.outbound.guard import Guard
from voxel51.server.secrets.service import SecretService
from voxel51.server.secrets.tables import secrets as stored
from voxel51.server.settings import Settings
from voxel51.server.webhooks.service import WebhookService
from voxel51.server.webhooks.tables import webhooks

SOURCE, RECEIVER, PATH = (
    "https://source.example/v?signature=secret",
    "https://receiver.example/hook",
    "/v1/links/data/d",
)

HUB_TOKEN = "value of a secret"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({}, {"dir": str(tmp_path / "data")})


@pytest.fixture
def token(settings: Settings) -> str:
    """The token of a user who has data by URL and a webhook."""
    database, key = open_database(settings), load_secret_key(settings.folder / "signing.key")
    user = AccountService(database).create_user("alice")
    guard, described = Guard([]), {"signed_url": SOURCE, "filename": "v", "mimetype": "video/mp4", "size": 1}
    SourceService(database, guard, Cipher(key, "sources"), 9, timedelta(days=1)).add(user.id, described)
    SecretService(database, Cipher(key, "secrets")).put(user, "hub_token", {"value": HUB_TOKEN})
    hooks = WebhookService(database, guard, Cipher(key, "webhooks"), lambda: None)
    made, _ = hooks.add(user, {"url": RECEIVER})
    hooks.rotate_secret(user, made["id"])
    issued = TokenService(database).issue(COMMAND_LINE, user, TokenSpec("t"), "http://x")
    database.close()
    return issued["access_token"]["private_key"]


def secrets(settings: Settings) -> list[str]:
    """Return every stored secret, decrypted with the present key."""
    database, key = open_database(settings), load_secret_key(settings.folder / "signing.key")
    with database.read() as connection:
        sources = connection.execute(select(data.c.source_url)).scalars().all()
        values = connection.execute(select(stored.c.value)).scalars().all()
        columns = (webhooks.c.url, webhooks.c.secret, webhooks.c.previous_secret)
        [hook] = connection.execute(select(*columns)).all()
    database.close()
    sealed = [Cipher(key, "sources").decrypt(each) for each in sources]
    sealed += [Cipher(key, "secrets").decrypt(each) for each in values]
    return sealed + [Cipher(key, "webhooks").decrypt(each) for each in hook]


def test_links_lapse_but_secrets_and_tokens_stay(settings: Settings, token: str) -> None:
    before, first = secrets(settings), load_secret_key(settings.folder / "signing.key")
    assert before[:3] == [SOURCE, HUB_TOKEN, RECEIVER]
    link = dict(parse_qsl(LinkSigner(first, 60).query("GET", PATH)))

    assert rotate_secret_key(settings) == 5

    second = load_secret_key(settings.folder / "signing.key")
    assert second != first
    assert secrets(settings) == before
    with pytest.raises(Forbidden):
        LinkSigner(second, 60).check("GET", PATH, link)
    database = open_database(settings)
    assert AccountService(database).authenticate(token).name == "alice"
    database.close()


@pytest.mark.parametrize("step", ["open_database", "finish_rotation"])
def test_interrupted_rotation_prevents_the_start_and_can_be_repeated(
    settings: Settings, token: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert token
    before = secrets(settings)

    def die(*_: object) -> None:
        raise OSError("the power failed")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="power"):
        patched.setattr(key_rotation, step, die)
        rotate_secret_key(settings)
    with pytest.raises(RuntimeError, match=r"did not finish\. Run it again: voxel51 server rotate-key"):
        load_secret_key(settings.folder / "signing.key")
    rotate_secret_key(settings)

    assert secrets(settings) == before


def test_running_platform_keeps_its_key(settings: Settings, token: str) -> None:
    assert token
    lock = FolderLock(settings.folder)
    lock.acquire()
    before = load_secret_key(settings.folder / "signing.key")

    with pytest.raises(FolderInUse):
        rotate_secret_key(settings)

    assert load_secret_key(settings.folder / "signing.key") == before
    lock.release()
