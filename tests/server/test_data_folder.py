"""The data folder: private to its owner, and locked by the platform that runs in it."""

import fcntl
import stat
import threading
from pathlib import Path

import pytest

from support.accounts import User
from support.platforms import StartPlatform
from voxel51.server.data_folder import FolderInUse, FolderLock, make_private, running_url, write_server_file


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_private_to_owner(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    user = User.create(platform, tmp_path)

    # Programs that jobs run under users of their own: their content is no user's, and the folder around is private.
    environments = platform.folder / "environments"
    found = [path for path in platform.folder.rglob("*") if not path.is_relative_to(environments)]
    folders = [path for path in found if path.is_dir()]
    files = [path for path in found if path.is_file()]

    assert {path.name for path in files} >= {"platform.sqlite", "server.json", "server.lock", "signing.key"}
    assert {str(path): oct(mode(path)) for path in [*files, user.token] if mode(path) & 0o077} == {}
    assert {str(path): oct(mode(path)) for path in [platform.folder, *folders] if mode(path) & 0o077} == {}


@pytest.mark.parametrize(("content", "kept"), [(None, 0o700), ("a file", 0o755)])
def test_empty_folder_is_made_private(tmp_path, content, kept):
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    if content:
        (folder / "notes.txt").write_text(content)

    make_private(folder)

    assert mode(folder) == kept


def test_platform_starts_while_commands_probe_lock(tmp_path):
    looking = threading.Event()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            running_url(tmp_path)
            looking.set()

    with_looks = threading.Thread(target=look)
    with_looks.start()
    try:
        assert looking.wait(10)
        for _ in range(200):
            lock = FolderLock(tmp_path)
            lock.acquire()
            lock.release()
    finally:
        done.set()
        with_looks.join()


def test_stale_server_file_is_ignored(tmp_path):
    write_server_file(tmp_path, {"url": "http://127.0.0.1:1", "pid": 1, "version": "0"})
    with (tmp_path / "server.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # as the other that asks

        assert running_url(tmp_path) is None


def test_second_platform_is_rejected(tmp_path):
    first = FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(FolderInUse, match="use another --dir"):
        FolderLock(tmp_path).acquire()
    first.release()
