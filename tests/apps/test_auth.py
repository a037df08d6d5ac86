import json
from pathlib import Path

import pytest

from voxel51.apps import auth
from voxel51.apps.api import ApplicationAPI
from voxel51.users.auth import TokenError

CONTENT = {"access_token": {"private_key": "top-secret", "token_id": "t1", "base_api_url": "http://127.0.0.1:9999"}}


@pytest.fixture(autouse=True)
def no_active_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (auth.TOKEN_ENV_VAR, auth.PRIVATE_KEY_ENV_VAR, auth.BASE_API_URL_ENV_VAR):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(auth, "TOKEN_PATH", str(tmp_path / "home" / ".voxel51" / "app-token.json"))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token.json"
    path.write_text(json.dumps(CONTENT))
    return path


def test_the_headers_name_the_application_and_its_user(token_file: Path) -> None:
    token = auth.load_application_token(token_file)

    assert token.get_header() == {"x-voxel51-application": "top-secret"}
    assert token.get_header("alice") == {
        "x-voxel51-application": "top-secret",
        "x-voxel51-application-user": "alice",
    }
    assert "top-secret" not in f"{token!r} {token.get_header('alice')}"


def test_an_activated_token_is_used_until_it_is_deactivated(token_file: Path) -> None:
    auth.activate_application_token(token_file)

    assert auth.get_active_application_token_path() == auth.TOKEN_PATH
    assert ApplicationAPI().token.id == "t1"

    auth.deactivate_application_token()
    auth.deactivate_application_token()

    assert auth.get_active_application_token_path() is None


def test_the_environment_names_a_file(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_APP_TOKEN", str(token_file))

    assert auth.get_active_application_token_path() == str(token_file)
    assert ApplicationAPI().base_url == "http://127.0.0.1:9999/v1"


def test_the_environment_contains_the_private_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_APP_PRIVATE_KEY", "from-environment")
    monkeypatch.setenv("VOXEL51_APP_BASE_URL", "http://127.0.0.1:8888")

    api = ApplicationAPI()

    assert (api.token.private_key, api.base_url) == ("from-environment", "http://127.0.0.1:8888/v1")


def test_the_token_of_a_user_is_ignored(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(token_file))

    with pytest.raises(auth.ApplicationTokenError, match=r"^No application token found\. The operator"):
        ApplicationAPI()


def test_errors_speak_of_an_application_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.json").write_text("{")
    monkeypatch.setenv("VOXEL51_APP_TOKEN", "nowhere.json")

    with pytest.raises(TokenError, match=r"^No file found at 'VOXEL51_APP_TOKEN=nowhere\.json'"):
        auth.load_application_token()
    for read in (auth.load_application_token, auth.ApplicationToken.from_json, ApplicationAPI.from_json):
        with pytest.raises(auth.ApplicationTokenError, match="is not a valid application token: it is not JSON"):
            read(tmp_path / "bad.json")
