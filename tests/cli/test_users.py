"""``voxel51 server user``: invitations, password resets and quotas."""

import os
import subprocess
from pathlib import Path

import pytest
import requests

from demo.platform_process import COMMAND, PlatformDied, PlatformProcess
from support.accounts import Application, User
from support.platforms import StartPlatform
from support.waiting import LIMIT_SECONDS

PASSWORD = "correct horse"


def test_invite_and_reset_print_working_keys(start_platform: StartPlatform) -> None:
    platform = start_platform()
    v1 = f"{platform.url}/v1"
    platform.run_command("server", "user", "create", "root", "--no-password")
    invitation = platform.run_command("server", "user", "invite", "--role", "viewer", "--days", "1").split()[0]
    body = {"username": "guest", "password": PASSWORD, "invitation": invitation}
    made = requests.post(f"{v1}/sign-up", json=body, timeout=LIMIT_SECONDS)
    assert (made.status_code, made.json()["role"]) == (201, "viewer")

    key = platform.run_command("server", "user", "reset", "guest").split()[0]
    chosen = requests.post(
        f"{v1}/password-resets", json={"key": key, "new_password": "another horse"}, timeout=LIMIT_SECONDS
    )
    assert chosen.status_code == 204
    body = {"username": "guest", "password": "another horse"}
    assert requests.post(f"{v1}/sign-in", json=body, timeout=LIMIT_SECONDS).status_code == 200


def test_a_key_is_printed_with_the_address_of_its_page_if_known(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    platform.run_command("server", "user", "create", "guest", "--no-password")

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [COMMAND, "server", "user", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})

    for arguments, page in ((["invite"], "/sign-up#invitation="), (["reset", "guest"], "/choose-password#key=")):
        result = run(*arguments, "--dir", str(platform.folder))
        [line] = result.stdout.splitlines()  # one line, for scripts
        assert result.stderr.rstrip().endswith(f" {platform.url}{page}{line.split()[0]}")

    of_one_that_stands = ("invite", "--dir", str(tmp_path / "other"))
    assert run(*of_one_that_stands).stderr == ""
    result = run(*of_one_that_stands, VOXEL51_SERVER_PUBLIC_URL="https://videos.example.org/")
    assert f" https://videos.example.org/sign-up#invitation={result.stdout.split()[0]}" in result.stderr


def test_a_quota_is_set_and_reset(platform: PlatformProcess, tmp_path: Path) -> None:
    alice, acme = User.create(platform, tmp_path), Application.create(platform, tmp_path)
    requests.post(f"{acme.v1}/apps/users", json={"username": "bob"}, headers=acme.headers(), timeout=LIMIT_SECONDS)

    def quotas() -> list[dict[str, int]]:
        return [
            requests.get(f"{alice.v1}/account/usage", headers=headers, timeout=LIMIT_SECONDS).json()["quota"]
            for headers in (alice.headers, acme.headers("bob"))
        ]

    result = platform.run_command("server", "user", "quota", alice.name, "--bytes", "5", "--running-jobs", "0")
    assert result == f"Quota of '{alice.name}': bytes: 5, running_jobs: unlimited\n"
    platform.run_command("server", "app", "quota", acme.name, "--running-jobs", "2")
    assert quotas() == [{"bytes": 5, "running_jobs": 0}, {"bytes": 0, "running_jobs": 2}]
    refused = requests.post(f"{alice.v1}/data", headers=alice.headers, files={"file": b"123456"}, timeout=LIMIT_SECONDS)
    assert refused.status_code == 507

    platform.run_command("server", "user", "quota", alice.name)
    assert quotas()[0] == {"bytes": 0, "running_jobs": 0}


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        (("reset", "unknown"), "User 'unknown' not found"),
        (("quota", "unknown", "--bytes", "1"), "User 'unknown' not found"),
        (("quota", "{alice}", "--bytes", "-1"), "not -1"),
        (("invite", "--days", "0"), "not 0"),
    ],
)
def test_invalid_arguments_are_reported_in_one_line(
    platform: PlatformProcess, tmp_path: Path, arguments: tuple[str, ...], result: str
) -> None:
    alice = User.create(platform, tmp_path).name

    with pytest.raises(PlatformDied, match=result):
        platform.run_command("server", "user", *[argument.format(alice=alice) for argument in arguments])


def test_a_token_for_a_platform_that_does_not_run_yet_has_a_warning(tmp_path: Path) -> None:
    command = [COMMAND, "server", "user", "create", "guest", "--no-password", "--dir", str(tmp_path / "new")]

    done = subprocess.run(
        [*command, "--token", str(tmp_path / "t.json")],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=True,
    )

    assert done.stdout.splitlines()[-1].startswith("Wrote a token for http://127.0.0.1:5151 to ")
    assert "No platform is running" in done.stderr
    assert "--base-url" in done.stderr
