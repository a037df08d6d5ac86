import json
import stat
from pathlib import Path

import pytest

from support.loopback_server import Loopback
from voxel51.apps.auth import ApplicationTokenError
from voxel51.users import auth
from voxel51.users.api import API

CONTENT = {
    "access_token": {
        "private_key": "top-secret",
        "token_id": "t1",
        "created_at": "2020-01-31T12:00:00.000Z",
        "base_api_url": "http://127.0.0.1:9999/",
    }
}


@pytest.fixture(autouse=True)
def no_active_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (auth.TOKEN_ENV_VAR, auth.PRIVATE_KEY_ENV_VAR, auth.BASE_API_URL_ENV_VAR):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(auth, "TOKEN_PATH", str(tmp_path / "home" / ".voxel51" / "api-token.json"))


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token.json"
    path.write_text(json.dumps(CONTENT))
    return path


def message(text: str) -> str:
    return f"{text}. {auth.TokenError.advice}"


def test_a_token_file_is_read(token_file: Path) -> None:
    token = auth.load_token(token_file)

    assert (token.private_key, token.id) == ("top-secret", "t1")
    assert (token.creation_date, token.base_api_url) == ("2020-01-31T12:00:00.000Z", "http://127.0.0.1:9999/")
    assert token.get_header() == {"Authorization": "Bearer top-secret"}
    assert API(token).base_url == "http://127.0.0.1:9999/v1"


def test_str_is_the_token_file_and_repr_hides_the_secret(token_file: Path) -> None:
    token = auth.Token.from_json(token_file)

    assert json.loads(str(token)) == CONTENT
    assert str(token) == json.dumps(json.loads(str(token)), indent=4)
    assert auth.Token.from_str(str(token)).private_key == "top-secret"
    assert "top-secret" not in repr(token)


def test_only_the_private_key_is_required(caplog: pytest.LogCaptureFixture) -> None:
    token = auth.Token.from_dict({"access_token": {"private_key": "k"}})

    assert (token.id, token.creation_date, token.base_api_url) == (None, None, "http://127.0.0.1:5151")
    assert "http://127.0.0.1:5151" in caplog.text


def test_the_private_key_takes_precedence_over_the_token_file(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(token_file))
    monkeypatch.setenv("VOXEL51_API_PRIVATE_KEY", "from-environment")
    monkeypatch.setenv("VOXEL51_API_BASE_URL", "https://example.org")

    token = auth.load_token()

    assert (token.private_key, token.base_api_url) == ("from-environment", "https://example.org")
    assert auth.get_active_token_path() is None


def test_the_base_url_is_ignored_without_a_private_key(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_API_BASE_URL", "https://example.org")
    monkeypatch.setenv("VOXEL51_API_TOKEN", str(token_file))

    assert auth.load_token().base_api_url == "http://127.0.0.1:9999/"
    assert auth.get_active_token_path() == str(token_file)


def test_an_explicit_path_takes_precedence(token_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_API_PRIVATE_KEY", "from-environment")

    assert auth.load_token(str(token_file)).private_key == "top-secret"


def test_an_activated_token_is_used_until_it_is_deactivated(token_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    auth.activate_token(token_file)

    path = Path(auth.TOKEN_PATH)
    assert auth.get_active_token_path() == str(path)
    assert auth.load_token().private_key == "top-secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]

    auth.deactivate_token()
    auth.deactivate_token()

    assert not path.exists()
    assert auth.get_active_token_path() is None
    assert caplog.messages == [
        "API token successfully activated",
        f"API token '{path}' successfully deactivated",
        "No API token to deactivate",
    ]


def test_no_token_is_found() -> None:
    with pytest.raises(auth.TokenError) as caught:
        auth.load_token()

    assert str(caught.value) == message("No API token found")


def test_errors_name_a_command_and_no_site_of_another_party() -> None:
    for error in (auth.TokenError("x"), ApplicationTokenError("x")):
        assert "voxel51 server" in str(error)
        assert "://" not in str(error)


def test_an_empty_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_API_TOKEN", "")

    with pytest.raises(auth.TokenError, match="VOXEL51_API_TOKEN is set, but empty"):
        auth.load_token()


def test_a_missing_file_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/nowhere/token.json"
    monkeypatch.setenv("VOXEL51_API_TOKEN", path)

    for look in (auth.load_token, auth.get_active_token_path):
        with pytest.raises(auth.TokenError) as caught:
            look()
        assert str(caught.value) == message(f"No file found at 'VOXEL51_API_TOKEN={path}'")


def test_a_missing_file_named_by_an_argument() -> None:
    for look in (auth.load_token, auth.activate_token, auth.Token.from_json, API.from_json):
        with pytest.raises(auth.TokenError) as caught:
            look("/nowhere/token.json")
        assert str(caught.value) == message("No file found at '/nowhere/token.json'")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b"[]", "it has no object 'access_token'"),
        (b'{"access_token": "top-secret"}', "it has no object 'access_token'"),
        (b'{"access_token": {}}', "its access_token has no 'private_key'"),
        (b'{"access_token": {"private_key": 5}}', "its access_token has no 'private_key'"),
        (b'{"access_token": {"private_key": "top-secret\\n"}}', "characters that cannot be sent"),
        (b'{"access_token": {"private_key": "k", "base_api_url": "example.org"}}', "'example.org' is not an address"),
        (b'{"access_token": {"private_key": "k", "base_api_url": "http://[::1"}}', "is not an address"),
    ],
)
def test_the_error_names_an_invalid_file_and_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)

    for look in (auth.load_token, auth.activate_token):
        with pytest.raises(auth.TokenError) as caught:
            look(path)
        assert str(caught.value).startswith(f"File '{path}' is not a valid API token: ")
        assert reason in str(caught.value)
        assert "top-secret" not in str(caught.value)
    assert not Path(auth.TOKEN_PATH).exists()


def test_a_folder_is_not_a_token_file(tmp_path: Path) -> None:
    with pytest.raises(auth.TokenError, match=f"File '{tmp_path}' is not a valid API token"):
        auth.load_token(tmp_path)


def test_an_invalid_private_key_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_API_PRIVATE_KEY", "top secret")

    with pytest.raises(auth.TokenError, match="VOXEL51_API_PRIVATE_KEY") as caught:
        auth.load_token()

    assert "top secret" not in str(caught.value)


def test_the_api_uses_the_active_token(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_API_PRIVATE_KEY", "from-environment")
    monkeypatch.setenv("VOXEL51_API_BASE_URL", loopback.url)
    loopback.reply_json({"jobs": []})

    assert API().list_jobs() == []
    assert loopback.last.headers["authorization"] == "Bearer from-environment"
