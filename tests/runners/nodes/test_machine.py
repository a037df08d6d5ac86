"""Folders of nodes: private to their user, since their names are known to other users of the machine."""

import os
import re
import signal
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from voxel51.runners.nodes.machine import AGENTS, FOLDER_VARIABLE, node_folder, own_folder
from voxel51.runners.slurm import agent_process


def make_link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.parent / "elsewhere")


def make_dangling_link(folder: Path) -> None:
    folder.symlink_to(folder.parent / "nowhere")


def make_open_to_group(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o750)


def make_open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o701)


UNSAFE = pytest.mark.parametrize(
    ("make", "text"),
    [
        (make_link, "is a symbolic link"),
        (make_dangling_link, "is a symbolic link"),
        (Path.touch, "is not a folder"),
        (make_open_to_group, "has mode 0750, so other users have access"),
        (make_open_to_others, "has mode 0701, so other users have access"),
    ],
)


@UNSAFE
def test_agents_refuse_a_folder_that_other_users_may_have_made(
    tmp_path: Path, make: Callable[[Path], None], text: str
) -> None:
    make(tmp_path / "folder")

    with pytest.raises(OSError, match=re.escape(f"{tmp_path / 'folder'} {text}")):
        own_folder(tmp_path / "folder", "agent")


def test_agents_refuse_a_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    (tmp_path / "folder").mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)

    with pytest.raises(OSError, match=f"belongs to user {owner}, not {owner + 1}"):
        own_folder(tmp_path / "folder", "agent")


@UNSAFE
def test_both_engines_refuse_such_a_folder_for_temporary_files(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Path], None],
    text: str,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    (tmp_path / "slurm").mkdir()
    make(tmp_path / f"voxel51-worker-{os.getuid()}")
    with pytest.raises(OSError, match=text):
        node_folder()

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "slurm"))
    make(tmp_path / "slurm" / f"voxel51-slurm-{os.getuid()}")
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # that of this process stays
    options = ["--address=127.0.0.1:1", "--fingerprint=0", "--attempt=a", "--token-file=none"]
    assert agent_process.main(options) == 1
    assert text in caplog.text


def test_the_folder_of_an_agent_is_private_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)

    folders = [node_folder() for _ in range(2)]
    own = own_folder(folders[0] / AGENTS, "agent")

    assert folders == [tmp_path / f"voxel51-worker-{os.getuid()}"] * 2
    for folder in (*folders, own.parent, own):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
