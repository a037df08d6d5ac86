"""Errors of the server commands: one line, and no partial results."""

import os
import subprocess
from pathlib import Path

import pytest

from demo.platform_process import COMMAND
from support.waiting import LIMIT_SECONDS
from voxel51.cli.main import main


def run(*arguments: str | Path | bytes, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [COMMAND, "server", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=LIMIT_SECONDS,
        check=False,
    )


def assert_one_line(done: subprocess.CompletedProcess[bytes], said: str) -> None:
    text = done.stderr.decode(errors="replace")
    assert done.returncode == 1, text
    assert text.startswith("voxel51: "), text
    assert text.count("\n") == 1, text
    assert said in text


JUNK = "this is neither a certificate nor a database\n" * 20

START_FAILURES = [
    pytest.param(["--port", "x"], {}, "port", id="port that is no number"),
    pytest.param(["--host", b"a\xffb"], {}, "cannot listen on", id="host that is no text"),
    pytest.param(["--host", "192.0.2.1"], {}, "cannot listen on '192.0.2.1'", id="host of another machine"),
    pytest.param(["--tls-certificate", "gone.pem", "--tls-key", "gone.pem"], {}, "gone.pem", id="no certificate"),
    pytest.param(["--tls-certificate", "junk", "--tls-key", "junk"], {}, "junk and junk", id="broken certificate"),
    pytest.param(["--tls-certificate", "junk"], {}, "must be set together", id="certificate without key"),
    pytest.param(["--dir", "junk"], {}, "junk", id="folder that is a file"),
    pytest.param(["--dir", "broken"], {}, "file is not a database", id="broken database"),
    pytest.param([], {"DATABASE_URL": "nonsense"}, "database in the settings", id="database URL that is none"),
    pytest.param([], {"DATABASE_URL": "sqlite:////gone/x"}, "/gone/x", id="database nowhere"),
    pytest.param([], {"LIFETIME_DAYS": "nan"}, "lifetime_days is nan", id="lifetime that is no number"),
    pytest.param([], {"LIFETIME_DAYS": "1e300"}, "lifetime_days is 1e+300", id="lifetime beyond calendars"),
    pytest.param([], {"GRACE_SECONDS": "9" * 18}, "grace_seconds is 999", id="grace beyond calendars"),
    pytest.param([], {"NONE": "1"}, "VOXEL51_SERVER_NONE is not a setting", id="setting that is none"),
]


@pytest.mark.parametrize(("arguments", "settings", "said"), START_FAILURES)
def test_a_failed_start_states_the_reason(tmp_path, monkeypatch, arguments, settings, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk").write_text(JUNK)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "platform.sqlite").write_text(JUNK)
    environment = {f"VOXEL51_SERVER_{name}": value for name, value in settings.items()}

    done = run("start", "--dir", "data", "--port", "0", *arguments, **environment)

    assert_one_line(done, said)


def test_the_database_password_is_not_printed(tmp_path):
    url = "postgresql+nonsense://me:very-secret@127.0.0.1:1/x"

    done = run("start", "--dir", tmp_path / "data", "--port", "0", VOXEL51_SERVER_DATABASE_URL=url)

    assert_one_line(done, "127.0.0.1:1/x")
    assert b"very-secret" not in done.stderr


def test_no_user_is_created_if_the_token_file_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()

    failed = run("user", "create", "alice", "--dir", tmp_path / "data", "--token", tmp_path / "file" / "token.json")
    done = run("user", "create", "alice", "--dir", tmp_path / "data", "--token", tmp_path / "token.json")

    assert_one_line(failed, "file")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["token", "nobody", "--out"], ["create", "no/name", "--token"]])
def test_a_failed_command_leaves_no_token_file(tmp_path, arguments):
    done = run("user", *arguments, tmp_path / "token.json", "--dir", tmp_path / "data")

    assert_one_line(done, arguments[1])
    assert not (tmp_path / "token.json").exists()


def test_a_token_file_is_never_overwritten(tmp_path):
    (tmp_path / "token.json").write_text("precious")

    done = run("user", "create", "alice", "--token", tmp_path / "token.json", "--dir", tmp_path / "data")

    assert_one_line(done, "file already exists")
    assert (tmp_path / "token.json").read_text() == "precious"


def test_invalid_bytes_are_rejected_and_not_printed(tmp_path):
    arguments = ("user", "create", "alice", "--password-stdin", "--dir", tmp_path)
    done = run(*arguments, stdin=b"\xff\xfe secret word\n", LC_ALL="C.UTF-8")

    assert_one_line(done, "password")
    assert b"secret word" not in done.stderr


def test_an_invalid_base_url_is_a_usage_error(tmp_path):
    done = run("user", "token", "alice", "--out", tmp_path / "t", "--base-url", "nonsense", "--dir", tmp_path)

    assert done.returncode == 2
    assert b"must start with http" in done.stderr


def test_the_umask_of_a_program_that_calls_a_command_is_kept(tmp_path):
    before = os.umask(0o022)
    try:
        main(["server", "user", "list", "--dir", str(tmp_path / "none")])
    finally:
        kept = os.umask(before)

    assert kept == 0o022
