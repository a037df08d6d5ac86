"""Registry of weights: files are accepted by their hash only, wherever they come from."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.file_host import FileHost, file_host
from voxel51.cli.main import main
from voxel51.platform import named_weights, weight_files
from voxel51.platform.named_weights import REGISTRY, KnownFile, NamedWeights

CONTENT = b"weights " * 500
OTHER = b"the same, converted"
HOSTILE = b"poison! " * 500


def entry(**changes: object) -> NamedWeights:
    files = tuple(KnownFile(hashlib.sha256(each).hexdigest(), len(each), "test") for each in (CONTENT, OTHER))
    given = {"name": "tiny", "task": "object detector", "filename": "tiny.onnx", "files": files, "licence": "MIT"}
    return NamedWeights(**{**given, "source_card": "https://example.org", "accuracy": "none", **changes})  # type: ignore[arg-type]


@pytest.fixture
def mirror() -> Iterator[FileHost]:
    with file_host(CONTENT) as host:
        yield host


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (named_weights, weight_files):
        monkeypatch.setattr(module, "REGISTRY", (entry(), *REGISTRY))
    return tmp_path / "weights"


def weights(folder: Path, *arguments: object) -> int:
    return main(["weights", *map(str, arguments), "--weights-dir", str(folder)])


@pytest.mark.parametrize("address", ["folder", "file"])
def test_weights_are_fetched_from_a_mirror_once(address: str, mirror: FileHost, folder: Path) -> None:
    url = mirror.url if address == "folder" else f"{mirror.url}files/renamed.bin"

    assert weights(folder, "fetch", "tiny", "--from", url) == 0
    assert weights(folder, "fetch", "tiny", "--from", url) == 0

    assert (folder / "tiny.onnx").read_bytes() == CONTENT
    assert mirror.asked == ["/tiny.onnx" if address == "folder" else "/files/renamed.bin"]


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (HOSTILE, 200, "not one of tiny"),
        (CONTENT + b"more", 200, "more than 4000 bytes"),
        (CONTENT[:-1], 200, "not one of tiny"),
        (CONTENT, 404, "status 404"),
    ],
    ids=["hostile", "more", "cut", "gone"],
)
def test_another_file_is_refused_and_leaves_nothing(
    content: bytes, status: int, text: str, mirror: FileHost, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror.content, mirror.status = content, status

    assert weights(folder, "fetch", "tiny", "--from", mirror.url) == 1

    assert text in capsys.readouterr().err
    assert [*folder.iterdir()] == []


def test_weights_without_an_address_say_where_they_come_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert weights(folder, "fetch", "tiny") == 1
    assert "https://example.org" in capsys.readouterr().err
    assert weights(folder, "fetch", "tyni") == 1
    assert "nanodet-plus-m-1.5x" in capsys.readouterr().err


@pytest.mark.parametrize("content", [CONTENT, OTHER], ids=["the publisher's", "converted"])
def test_a_known_file_is_added_under_its_name(content: bytes, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "download (1).bin").write_bytes(content)

    assert weights(folder, "add", tmp_path / "download (1).bin") == 0

    assert (folder / "tiny.onnx").read_bytes() == content


def test_an_unknown_file_is_not_added(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiny.onnx").write_bytes(HOSTILE)

    assert weights(folder, "add", tmp_path / "tiny.onnx") == 1

    assert hashlib.sha256(HOSTILE).hexdigest() in capsys.readouterr().out
    assert not (folder / "tiny.onnx").exists()


def test_a_replaced_file_is_not_present_and_fails_the_verification(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    (folder / "tiny.onnx").write_bytes(CONTENT)
    assert weights(folder, "verify") == 0
    assert "1 of 1 files" in capsys.readouterr().out

    (folder / "tiny.onnx").write_bytes(HOSTILE)

    assert weights(folder, "verify") == 1
    assert "jobs ignore the file" in capsys.readouterr().out
    assert named_weights.named("tiny").find(folder) is None


def test_the_list_names_what_is_present(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.mkdir()
    (folder / "tiny.onnx").write_bytes(CONTENT)

    assert weights(folder, "list", "--json") == 0

    listed = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert listed["tiny"]["present"] is True
    assert listed["yolox-s"]["present"] is False
    assert listed["nanodet-plus-m-1.5x"]["licence"] == "Apache-2.0"


def test_every_entry_has_its_own_name_and_hashes() -> None:
    assert len({each.name for each in REGISTRY}) == len({each.filename for each in REGISTRY}) == len(REGISTRY)
    hashes = [file.sha256 for each in REGISTRY for file in each.files]
    assert len({*hashes}) == len(hashes)
    assert all(len(each) == 64 for each in hashes)
