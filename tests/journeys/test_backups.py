"""Backups: made while users upload, restored elsewhere with every file, and refused where something would be lost."""

import hashlib
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import requests

from demo.platform_process import COMMAND, PlatformProcess
from support.accounts import User
from support.platforms import NO_OP, StartPlatform, new_platform, running
from support.postgresql import PostgreSQL
from support.requirements import require_program
from support.submissions import post_data, post_job
from support.waiting import LIMIT_SECONDS, wait_until

URL = "VOXEL51_SERVER_DATABASE_URL"


def server(folder: Path, *arguments: object, database: str = "") -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "server", *map(str, arguments), "--dir", folder]
    environment = {**os.environ, **({URL: database} if database else {})}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


def run_job(platform: PlatformProcess, user: User) -> str:
    job = post_job(user.v1, user.headers, NO_OP)

    def is_complete() -> bool:
        answer = requests.get(f"{user.v1}/jobs/{job}", headers=user.headers, timeout=LIMIT_SECONDS)
        return bool(answer.json()["job"]["state"] == "COMPLETE")

    wait_until(is_complete, f"the job did not complete:\n{platform.tail()}")
    return job


def uploaded(user: User, folder: Path, number: int) -> tuple[str, str]:
    """Upload a new file; return its data id and the hash of its content."""
    path = folder / f"{number}.bin"
    path.write_bytes(os.urandom(200_000))
    return post_data(user.v1, user.headers, path), hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_backup_of_a_busy_platform_is_restored_on_another_machine(
    start_platform: StartPlatform, postgresql: PostgreSQL, tmp_path: Path, kind: str
) -> None:
    if kind == "postgresql":
        require_program("pg_dump", "postgresql-client")
    urls = [postgresql.empty_database() if kind == "postgresql" else "" for _ in range(2)]
    settings = [{URL: url} if url else {} for url in urls]
    platform = start_platform(folder=tmp_path / "first", environment=settings[0])
    user = User.create(platform, tmp_path)
    before = dict(uploaded(user, tmp_path, number) for number in range(5))
    job = run_job(platform, user)
    stopping = threading.Event()

    def upload_until_stopped() -> None:
        number = 100
        while not stopping.is_set():
            uploaded(user, tmp_path, number)
            number += 1

    uploading = threading.Thread(target=upload_until_stopped)
    uploading.start()
    first = server(tmp_path / "first", "backup", tmp_path / "backup", database=urls[0])
    second = server(tmp_path / "first", "backup", tmp_path / "backup", "--json", database=urls[0])
    stopping.set()
    uploading.join()
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert json.loads(second.stdout)["database"] == kind
    platform.stop()

    restored = server(tmp_path / "second", "restore", tmp_path / "backup", "--json", database=urls[1])

    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert json.loads(restored.stdout)["damaged"] == []
    assert json.loads(restored.stdout)["checked"] >= len(before)
    other = start_platform(folder=tmp_path / "second", environment=settings[1])
    for data_id, sha256 in before.items():
        content = requests.get(f"{other.url}/v1/data/{data_id}/download", headers=user.headers, timeout=LIMIT_SECONDS)
        assert hashlib.sha256(content.content).hexdigest() == sha256
    output = requests.get(f"{other.url}/v1/jobs/{job}/output", headers=user.headers, timeout=LIMIT_SECONDS)
    assert output.status_code == 200
    run_job(other, User(user.name, user.token, user.key, f"{other.url}/v1"))


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a stopped platform with one file, ``data``, and its backup, ``backup``. Tests change copies."""
    folder = tmp_path_factory.mktemp("backed-up")
    with running(new_platform(folder / "data")) as platform:
        uploaded(User.create(platform, folder), folder, 1)
    made = server(folder / "data", "backup", folder / "backup")
    assert made.returncode == 0, made.stderr
    assert "Backed up 1 files" in made.stdout
    return folder


@pytest.fixture
def backup(backed_up: Path, tmp_path: Path) -> Path:
    """A backup, and beside it the stopped platform."""
    for name in ("data", "backup"):
        shutil.copytree(backed_up / name, tmp_path / name)
    return tmp_path / "backup"


def test_later_backup_copies_only_new_files_and_drops_deleted_ones(backup: Path, tmp_path: Path) -> None:
    [file] = (backup / "storage" / "data").glob("?/*")
    copied_at = file.stat().st_mtime_ns
    stray = backup / "storage" / "data" / "z" / "zzz.partial"
    stray.parent.mkdir()
    stray.write_text("of an interrupted backup")

    again = server(tmp_path / "data", "backup", backup)

    assert again.returncode == 0, again.stderr
    assert file.stat().st_mtime_ns == copied_at
    assert not stray.exists()


def test_interrupted_backup_is_not_restored(backup: Path, tmp_path: Path) -> None:
    (backup / "backup.json").unlink()

    restored = server(tmp_path / "new", "restore", backup)

    assert restored.returncode == 1
    assert "holds no complete backup" in restored.stderr
    assert not (tmp_path / "new").exists()


def test_restore_refuses_a_folder_with_another_platform(backup: Path, tmp_path: Path) -> None:
    restored = server(tmp_path / "data", "restore", backup)

    assert restored.returncode == 1
    assert "is not empty. Restore into a new data folder" in restored.stderr


def test_interrupted_restore_can_be_repeated(backup: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (new / "restore-unfinished").touch()
    (new / "storage").mkdir()

    restored = server(new, "restore", backup)

    assert restored.returncode == 0, restored.stderr
    assert "1 stored files checked: 0 damaged" in restored.stdout
    assert not (new / "restore-unfinished").exists()


def test_damaged_file_is_named(backup: Path, tmp_path: Path) -> None:
    [file] = (backup / "storage" / "data").glob("?/*")
    file.write_bytes(b"x" * file.stat().st_size)

    restored = server(tmp_path / "new", "restore", backup)

    assert restored.returncode == 1
    assert "has other bytes than recorded" in restored.stdout


def test_damaged_database_is_not_restored(backup: Path, tmp_path: Path) -> None:
    with (backup / "platform.sqlite").open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")

    restored = server(tmp_path / "new", "restore", backup)

    assert restored.returncode == 1
    assert "is damaged: its SHA-256 differs" in restored.stderr


def test_backup_with_a_link_is_not_restored(backup: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.write_text("of the operator")
    (backup / "storage" / "data" / "0" / "stolen").parent.mkdir(exist_ok=True)
    (backup / "storage" / "data" / "0" / "stolen").symlink_to(private)

    restored = server(tmp_path / "new", "restore", backup)

    assert restored.returncode == 1
    assert "stolen is a symbolic link" in restored.stderr
    assert not (tmp_path / "new").exists()


def test_nothing_is_written_or_deleted_through_a_link(tmp_path: Path) -> None:
    other = tmp_path / "other" / "data" / "0" / "kept"
    other.parent.mkdir(parents=True)
    other.touch()
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "storage").symlink_to(tmp_path / "other")

    made = server(tmp_path / "data", "backup", tmp_path / "target")

    assert made.returncode == 1
    assert "storage is a symbolic link" in made.stderr
    assert other.exists()


def test_folder_with_other_files_is_not_used(backup: Path, tmp_path: Path) -> None:
    assert backup.is_dir()
    for folder, name in ((tmp_path / "data", "platform.sqlite"), (tmp_path / "photos", "holiday.jpg")):
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
        made = server(tmp_path / "data", "backup", folder)
        assert made.returncode == 1
        assert "which is not part of a backup" in made.stderr


def test_folder_without_a_platform_is_not_backed_up(tmp_path: Path) -> None:
    made = server(tmp_path / "nothing", "backup", tmp_path / "backup")

    assert made.returncode == 1
    assert "holds no platform" in made.stderr
