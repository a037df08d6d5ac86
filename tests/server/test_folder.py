"""What a platform keeps is for its owner's eyes alone."""

import stat
from pathlib import Path

import pytest

from people import User
from platforms import StartPlatform
from voxel51.server.folder import make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_of_a_platform_can_be_read_by_others(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    user = User.create(platform, tmp_path)

    folders = [path for path in platform.folder.rglob("*") if path.is_dir()]
    files = [path for path in platform.folder.rglob("*") if path.is_file()]

    assert {path.name for path in files} >= {"platform.sqlite", "server.json", "server.lock", "signing.key"}
    assert {str(path): oct(mode(path)) for path in [*files, user.token] if mode(path) & 0o077} == {}
    assert {str(path): oct(mode(path)) for path in [platform.folder, *folders] if mode(path) & 0o077} == {}


@pytest.mark.parametrize(("content", "kept"), [(None, 0o700), ("a file", 0o755)])
def test_a_folder_that_somebody_made_is_made_private_while_it_is_empty(tmp_path, content, kept):
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)
    if content:
        (folder / "notes.txt").write_text(content)

    make_private(folder)

    assert mode(folder) == kept
