"""Moves: a platform on SQLite and a folder goes to PostgreSQL and S3, and back, with every record and file."""

import hashlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import obstore
import pytest
import requests
from sqlalchemy import create_engine, inspect

from demo.platform_process import COMMAND
from support.accounts import User
from support.platforms import NO_OP, StartPlatform
from support.postgresql import PostgreSQL
from support.s3 import S3Server
from support.submissions import post_data, post_job
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.server.backups.moved_records import summarize
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.schema import metadata

FILES = 30
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(autouse=True)
def keys_of_this_process(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> None:
    """Let this process open the storage too: it creates accounts as the command line does."""
    for name, text in s3.environment.items():
        monkeypatch.setenv(name, text)


def server(folder: Path, *arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "server", *map(str, arguments), "--dir", folder]
    environment = {**os.environ, **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


def written(path: Path, settings: Mapping[str, str]) -> Path:
    path.write_text("# new places\n" + "".join(f'{name}="{text}"\n' for name, text in settings.items()))
    return path


def places(s3: S3Server, postgresql: PostgreSQL) -> dict[str, str]:
    return {
        "VOXEL51_SERVER_DATABASE_URL": postgresql.empty_database(),
        "VOXEL51_SERVER_STORAGE_URL": s3.location(),
        "VOXEL51_SERVER_STORAGE_ENDPOINT": s3.endpoint,
    }


class Content:
    """Files, a job and an unfinished upload of one user, to be found again elsewhere."""

    def __init__(self, user: User, folder: Path) -> None:
        self._user = user
        self._hashes = {}
        for number in range(FILES):
            path = folder / f"{number}.bin"
            path.write_bytes(os.urandom(50_000))
            data_id = post_data(user.v1, user.headers, path)
            self._hashes[data_id] = hashlib.sha256(path.read_bytes()).hexdigest()
        self._job = post_job(user.v1, user.headers, NO_OP)
        wait_until(lambda: self._get(user.v1, f"jobs/{self._job}").json()["job"]["state"] == "COMPLETE", "no job ran")
        announced = {"Upload-Length": "100", "Upload-Metadata": "filename dmlkZW8ubXA0"}
        begun = requests.post(
            f"{user.v1}/data/uploads", headers={**user.headers, **TUS, **announced}, timeout=LIMIT_SECONDS
        )
        self._upload = begun.headers["Location"].removeprefix("/v1/")
        assert self._send(user.v1, 0, 60) == 204

    def check(self, v1: str) -> None:
        """Assert that all is there, that the upload goes on, and that new records get new numbers."""
        for data_id, sha256 in self._hashes.items():
            content = self._get(v1, f"data/{data_id}/download").content
            assert hashlib.sha256(content).hexdigest() == sha256
        assert self._get(v1, f"jobs/{self._job}/output").status_code == 200
        head = requests.head(f"{v1}/{self._upload}", headers={**self._user.headers, **TUS}, timeout=LIMIT_SECONDS)
        if head.headers["Upload-Offset"] == "60":
            assert self._send(v1, 60, 40) == 204
        job = post_job(v1, self._user.headers, NO_OP)
        wait_until(lambda: self._get(v1, f"jobs/{job}").json()["job"]["state"] == "COMPLETE", "no job runs any more")

    def _send(self, v1: str, offset: int, count: int) -> int:
        headers = {**self._user.headers, **TUS, "Upload-Offset": str(offset)}
        headers["Content-Type"] = "application/offset+octet-stream"
        url = f"{v1}/{self._upload}"
        return requests.patch(url, data=bytes(count), headers=headers, timeout=LIMIT_SECONDS).status_code

    def _get(self, v1: str, path: str) -> requests.Response:
        return requests.get(f"{v1}/{path}", headers=self._user.headers, timeout=LIMIT_SECONDS)


def test_platform_moves_to_postgresql_and_s3_and_back(
    start_platform: StartPlatform, postgresql: PostgreSQL, s3: S3Server, tmp_path: Path
) -> None:
    folder, new = tmp_path / "data", places(s3, postgresql)
    to = written(tmp_path / "new.env", new)
    platform = start_platform(folder=folder)
    content = Content(User.create(platform, tmp_path), tmp_path)

    refused = server(folder, "move", "--to", to)
    prepared = server(folder, "move", "--to", to, "--prepare")
    platform.stop()
    moved = server(folder, "move", "--to", to, "--json")

    assert (refused.returncode, "already running" in refused.stderr) == (1, True), refused.stderr
    assert prepared.returncode == 0, prepared.stderr
    assert moved.returncode == 0, moved.stderr
    result: dict[str, Any] = json.loads(moved.stdout)
    assert result["damaged"] == []
    assert (result["tables"]["data"]["rows"], result["tables"]["jobs"]["rows"]) == (FILES, 1)
    assert result["checked"] >= FILES
    assert not (folder / "platform.sqlite").exists()
    other = start_platform(folder=folder, environment={**new, **s3.environment})
    content.check(f"{other.url}/v1")
    other.stop()

    again = server(folder, "move", "--to", to, VOXEL51_SERVER_DIR="")
    back = server(
        folder,
        "move",
        "--to",
        written(tmp_path / "old.env", {"VOXEL51_SERVER_DIR": str(tmp_path / "back")}),
        **new,
    )

    assert again.returncode == 1, "a move into a database with a platform was not refused"
    assert back.returncode == 0, back.stderr
    home = start_platform(folder=tmp_path / "back")
    content.check(f"{home.url}/v1")


def test_killed_move_is_repeated_and_nothing_starts_on_its_database(
    start_platform: StartPlatform, postgresql: PostgreSQL, s3: S3Server, tmp_path: Path
) -> None:
    folder, new = tmp_path / "data", places(s3, postgresql)
    to = written(tmp_path / "new.env", new)
    platform = start_platform(folder=folder)
    content = Content(User.create(platform, tmp_path), tmp_path)
    platform.stop()
    bucket = s3.bucket(new["VOXEL51_SERVER_STORAGE_URL"])
    moments = ["files", "tables", "done"]
    for moment in moments:
        process = subprocess.Popen([COMMAND, "server", "move", "--to", to, "--dir", folder])
        while process.poll() is None and not _has_come(moment, bucket, new["VOXEL51_SERVER_DATABASE_URL"]):
            time.sleep(0.001)
        if moment != "done":
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert (folder / "platform.sqlite").exists()
            started = server(folder, "start", "--port", "0", **new)
            assert started.returncode == 1, "a platform started in the middle of a move"
    assert process.wait() == 0
    other = start_platform(folder=folder, environment={**new, **s3.environment})
    content.check(f"{other.url}/v1")


def _has_come(moment: str, bucket: Any, url: str) -> bool:
    if moment == "files":
        return sum(len(page) for page in obstore.list(bucket, "data")) > FILES // 3
    if moment == "done":
        return False
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        return inspect(engine).has_table("platform")
    finally:
        engine.dispose()


def test_storage_and_database_of_others_are_refused(
    start_platform: StartPlatform, postgresql: PostgreSQL, s3: S3Server, tmp_path: Path
) -> None:
    new = places(s3, postgresql)
    start_platform(folder=tmp_path / "other", environment={**new, **s3.environment}).stop()
    start_platform(folder=tmp_path / "data").stop()
    for name, text in (
        ("VOXEL51_SERVER_STORAGE_URL", "has the files of another platform"),
        ("VOXEL51_SERVER_DATABASE_URL", "is not empty"),
    ):
        settings = {**new, **places(s3, postgresql), name: new[name]}
        answer = server(tmp_path / "data", "move", "--to", written(tmp_path / "new.env", settings))
        assert answer.returncode == 1
        assert text in answer.stderr
    assert (tmp_path / "data" / "platform.sqlite").exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("VOXEL51_SERVER_DATABASE", "line 1: 'VOXEL51_SERVER_DATABASE' is not NAME=VALUE"),
        ("VOXEL51_SERVER_NO=1", "VOXEL51_SERVER_NO is not a setting"),
        ("# nothing", "there is nothing to move"),
    ],
)
def test_invalid_settings_are_told(tmp_path: Path, content: str, text: str) -> None:
    to = tmp_path / "new.env"
    to.write_text(content)
    answer = server(tmp_path / "data", "move", "--to", to)
    assert (answer.returncode, text in answer.stderr) == (1, True), answer.stderr


def test_every_table_is_moved(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "platform.sqlite"))
    database.migrate()
    # The text index of SQLite follows the records by triggers.
    undeclared = re.compile(r"alembic_version$|(jobs|data)_(texts|words)")
    names = {name for name in inspect(database.engine).get_table_names() if not undeclared.match(name)}
    assert names == {*metadata.tables}
    assert {*summarize(database)} == names - {"platform"}
    database.close()


def test_migrate_says_what_is_missing_and_applies_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    missing = server(folder, "migrate", "--check", "--json")
    applied = server(folder, "migrate", "--json")
    nothing = server(folder, "migrate", "--check")

    assert missing.returncode == 1
    assert json.loads(missing.stdout)["missing"] == json.loads(applied.stdout)["applied"]
    assert (nothing.returncode, nothing.stdout) == (0, "The tables are up to date\n")
