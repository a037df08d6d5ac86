"""``voxel51 watch``: each complete video of a folder is uploaded once and analysed, and its result downloaded."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Voxel51
from support.video_samples import numbered_video
from voxel51.cli import watch_folder
from voxel51.cli.folder_record import FOLDER_RECORD, FolderRecord
from voxel51.cli.printing import Printer
from voxel51.transport.errors import CannotConnect
from voxel51.users.api import API

ANALYTIC = "voxel51/shot-detection"


def test_new_videos_are_uploaded_once_analysed_and_their_labels_downloaded(
    voxel51: Voxel51, api: API, tmp_path: Path
) -> None:
    folder, labels = tmp_path / "camera", tmp_path / "camera" / "labels"
    folder.mkdir()
    numbered_video(folder / "one.mp4", frames=5)
    (folder / "notes.txt").write_text("no video")
    command = ("watch", folder, "--analytic", ANALYTIC, "--param", "threshold=20", "--download", labels,
               "--settle", 0, "--interval", 0.2, "--once")  # fmt: skip

    first = voxel51(*command)
    assert (first.status, first.err) == (0, "")
    assert "1 uploaded, 0 failed" in first.out
    assert [path.name for path in labels.iterdir()] == ["one.shot-detection.json"]

    numbered_video(folder / "two.mp4", frames=6)
    (labels / "one.shot-detection.json").unlink()
    second = voxel51(*command, "--json")
    assert second.document == {"uploaded": 1, "failed": 0}
    assert {path.name for path in labels.iterdir()} == {"one.shot-detection.json", "two.shot-detection.json"}

    [rule] = api.list_rules()
    assert (rule["place"], rule["runs"][0]["parameters"]) == ("camera", {"threshold": 20})
    assert rule["counts"]["complete"] == 2
    assert {record["name"] for record in api.iter_data()} == {"one.mp4", "two.mp4"}

    assert voxel51("watch", folder, "--analytic", ANALYTIC, "--settle", 0, "--once").status == 0
    [replaced] = api.list_rules()  # by one without the parameter
    assert (replaced["runs"][0]["parameters"], replaced["counts"]["waiting"]) == ({}, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "folder not found: 'nowhere'"),
        ((".", "--download", "out"), "--download and --format need an --analytic"),
        ((".", "--param", "a=1"), "--param needs exactly one --analytic"),
        ((".", "--settle", "-1"), "--settle must be from 0 to 86400 seconds, not -1"),
    ],
)
def test_invalid_arguments_are_refused(voxel51: Voxel51, arguments: tuple[str, ...], message: str) -> None:
    refused = voxel51("watch", *arguments)
    assert refused.status == 1
    assert message in refused.err


class FakeAPI:
    """Client that records uploads. ``is_away``: whether it cannot connect."""

    def __init__(self) -> None:
        self.uploaded: list[str] = []
        self.is_away = False

    def upload_data(self, path: str, reuse: bool) -> dict[str, Any]:
        if self.is_away:
            raise CannotConnect("away")
        assert reuse
        self.uploaded.append(Path(path).name)
        return {"id": f"data {len(self.uploaded)}"}


class Watched:
    """Steps of a watched folder at a clock of the test."""

    def __init__(self, folder: Path) -> None:
        self.api = FakeAPI()
        self.folder = folder
        self.now = 0.0
        self.restart()

    def restart(self) -> None:
        """Begin as a new process does."""
        options = argparse.Namespace(settle=5.0, recursive=False, json=True)
        record = FolderRecord(self.folder / FOLDER_RECORD, "platform")
        arguments: Any = (self.api, Printer(options), record, self.folder, options, None)
        self._uploads = watch_folder._Uploads(*arguments)

    def step(self, seconds: float) -> bool:
        """Let time pass, then look at the folder."""
        self.now += seconds
        return self._uploads.step()


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    made = Watched(tmp_path)
    monkeypatch.setattr(watch_folder.time, "monotonic", lambda: made.now)
    return made


def test_file_is_uploaded_when_it_has_stopped_growing(watched: Watched) -> None:
    api, step, folder = watched.api, watched.step, watched.folder
    video = folder / "growing.mp4"
    video.write_bytes(b"1")
    assert not step(0)
    video.write_bytes(b"12")
    assert not step(6)  # has grown since
    assert not step(4)
    assert api.uploaded == []
    assert step(2)
    assert api.uploaded == ["growing.mp4"]


def test_platform_that_is_away_loses_nothing_and_a_restart_repeats_nothing(watched: Watched) -> None:
    api, step, folder = watched.api, watched.step, watched.folder
    (folder / "a.mp4").write_bytes(b"1")
    (folder / ".hidden.mp4").write_bytes(b"1")
    step(0)
    api.is_away = True
    with pytest.raises(CannotConnect):
        step(6)
    api.is_away = False
    assert step(1)
    watched.restart()
    assert step(0)
    assert step(6)
    assert api.uploaded == ["a.mp4"]
    (folder / "a.mp4").write_bytes(b"other content")
    step(0)
    assert step(6)
    assert api.uploaded == ["a.mp4", "a.mp4"]


def test_record_ignores_broken_lines_and_other_platforms(tmp_path: Path) -> None:
    path = tmp_path / "record"
    FolderRecord(path, "one").add_file("a.mp4", (1, 2), "d")
    path.write_bytes(path.read_bytes() + b'\n{"platform": "one", "file": "b.mp4", "sta\n[]\n7\n')
    assert FolderRecord(path, "one").has_file("a.mp4", (1, 2))
    assert not FolderRecord(path, "one").has_file("b.mp4", (1, 2))
    assert not FolderRecord(path, "two").has_file("a.mp4", (1, 2))
    assert FolderRecord(path, "one").name_of("d") == "a.mp4"
