"""``voxel51 server app``."""

import json
from pathlib import Path

import pytest

from demo.platform_process import PlatformDied, PlatformProcess
from support.accounts import Application, User
from support.platforms import StartPlatform


def test_create_list_and_issue_tokens_for_applications(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    first, second = tmp_path / "first.json", tmp_path / "second.json"

    platform.run_command("server", "app", "create", "acme", "--token", str(first))
    platform.run_command("server", "app", "create", "globex")
    platform.run_command("server", "app", "token", "acme", "--out", str(second), "--label", "night shift")

    assert platform.run_command("server", "app", "list").split() == ["acme", "globex"]
    listed = platform.run_command("server", "app", "tokens", "acme")
    for path in (first, second):
        token = json.loads(path.read_text())["access_token"]
        assert token["token_id"] in listed
        assert token["base_api_url"] == platform.url
        assert path.stat().st_mode & 0o077 == 0
    assert "night shift" in listed
    assert platform.run_command("server", "app", "tokens", "globex") == ""


def test_operators_let_users_of_an_application_share_results(platform: PlatformProcess, tmp_path: Path) -> None:
    acme = Application.create(platform, tmp_path).name

    shown = [
        platform.run_command("server", "app", "share-results", acme, *state).strip()
        for state in ((), ("on",), (), ("off",))
    ]

    assert shown == [
        f"Users of '{acme}' do not share results",
        f"Users of '{acme}' share results",
        f"Users of '{acme}' share results",
        f"Users of '{acme}' do not share results",
    ]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (["create", "{acme}"], "application named '{acme}' already"),
        (["create", "admin"], "reserved"),
        (["create", "a/b"], "not a valid application name"),
        (["token", "unknown", "--out", "t.json"], "Application 'unknown' not found"),
        (["tokens", "{acme}", "--revoke", "x"], "no token 'x'"),
        (["share-results", "unknown", "on"], "Application 'unknown' not found"),
    ],
)
def test_invalid_arguments_are_reported(
    platform: PlatformProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], result: str
) -> None:
    monkeypatch.chdir(tmp_path)
    acme = Application.create(platform, tmp_path).name

    with pytest.raises(PlatformDied, match=result.format(acme=acme)):
        platform.run_command("server", "app", *[argument.format(acme=acme) for argument in arguments])

    assert not (tmp_path / "t.json").exists()


def test_users_and_applications_cannot_share_a_name(platform: PlatformProcess, tmp_path: Path) -> None:
    user, application = User.create(platform, tmp_path), Application.create(platform, tmp_path)

    with pytest.raises(PlatformDied, match="user named"):
        platform.run_command("server", "app", "create", user.name)
    with pytest.raises(PlatformDied, match="application named"):
        platform.run_command("server", "user", "create", application.name, "--no-password")
