"""Weights: lookup of installed files, download of published ones, and verification by hash."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.file_host import FileHost, file_host
from voxel51.platform.errors import InvalidInput, MissingWeights
from voxel51.platform.job import Job
from voxel51.platform.named_weights import KnownFile, NamedWeights
from voxel51.platform.weights import InstalledWeights, fetch_weights, weights_folder

CONTENT = b"weights " * 5000


@pytest.fixture
def publisher() -> Iterator[FileHost]:
    with file_host(CONTENT) as host:
        yield host


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOXEL51_WEIGHTS_DIR", str(tmp_path / "weights"))
    return tmp_path / "weights"


@dataclass
class Story:
    messages: list[str] = field(default_factory=list)

    def message(self, text: str) -> None:
        self.messages.append(text)


def a_job(folder: Path, story: Story) -> Job:
    document = {"info": {"name": "n", "version": "1"}, "inputs": [], "parameters": [], "outputs": []}
    folder.mkdir()
    return Job(document, {}, {}, folder, story)  # type: ignore[arg-type]


SHA256 = hashlib.sha256(CONTENT).hexdigest()


def weights(host: str) -> NamedWeights:
    return NamedWeights(
        name="w",
        task="object detector",
        filename="w.onnx",
        files=(KnownFile(SHA256, len(CONTENT), "test"),),
        licence="MIT",
        source_card="https://example.org",
        accuracy="none",
        urls=(f"{host}w.onnx",),
    )


def test_weights_are_downloaded_once_and_recorded_in_the_provenance(
    publisher: FileHost, folder: Path, tmp_path: Path
) -> None:
    story = Story()
    first, second = a_job(tmp_path / "1", story), a_job(tmp_path / "2", story)

    assert fetch_weights(weights(publisher.url), first) == fetch_weights(weights(publisher.url), second) == CONTENT

    assert publisher.asked == ["/w.onnx"]
    assert story.messages == ["Downloading w.onnx (0 MB)"]
    assert second.provenance()["weights"] == {"w.onnx": SHA256}
    assert [each.name for each in folder.iterdir()] == ["w.onnx"]


def test_a_file_in_the_folder_is_used_only_if_its_hash_is_right(
    publisher: FileHost, folder: Path, tmp_path: Path
) -> None:
    folder.mkdir()
    (folder / "w.onnx").write_bytes(b"poison! " * 5000)

    assert fetch_weights(weights(publisher.url), a_job(tmp_path / "1", Story())) == CONTENT
    assert (folder / "w.onnx").read_bytes() == CONTENT


def test_a_file_that_an_operator_put_there_needs_no_network(publisher: FileHost, folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (folder / "w.onnx").write_bytes(CONTENT)
    publisher.status = 500

    assert fetch_weights(weights(publisher.url), a_job(tmp_path / "1", Story())) == CONTENT
    assert publisher.asked == []


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (CONTENT[:-1] + b"!", 200, "which is not one of w"),
        (CONTENT[:-9], 200, "which is not one of w"),
        (CONTENT + b"more", 200, "sent more than 40000 bytes"),
        (b"gone", 404, "responded with status 404"),
    ],
    ids=["altered", "cut", "more", "gone"],
)
def test_wrong_content_is_rejected_and_leaves_no_file(
    content: bytes, status: int, text: str, publisher: FileHost, folder: Path, tmp_path: Path
) -> None:
    publisher.content, publisher.status = content, status

    with pytest.raises(InvalidInput, match=text) as refused:
        fetch_weights(weights(publisher.url), a_job(tmp_path / "1", Story()))

    assert SHA256 in str(refused.value)
    assert str(folder) in str(refused.value)
    assert [*folder.iterdir()] == []


def test_without_a_network_the_error_says_which_file_to_put_where(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"w\.onnx is not in .* and cannot be downloaded: .*http://127\.0\.0\.1:9"):
        fetch_weights(weights("http://127.0.0.1:9/"), a_job(tmp_path / "1", Story()))


def test_weights_are_used_even_if_the_folder_cannot_be_written(
    publisher: FileHost, folder: Path, tmp_path: Path
) -> None:
    folder.write_text("a file where the folder would be")

    assert fetch_weights(weights(publisher.url), a_job(tmp_path / "1", Story())) == CONTENT


def test_the_default_folder_is_in_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VOXEL51_WEIGHTS_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert weights_folder() == tmp_path / ".cache" / "voxel51" / "weights"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstalledWeights:
    """Weights of a package ``shapes`` that has no weights file."""
    (tmp_path / "site" / "shapes").mkdir(parents=True)
    (tmp_path / "site" / "shapes" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name in ("shapes", "voxel51_weights"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return InstalledWeights("shapes", "w.onnx", hashlib.sha256(CONTENT).hexdigest())


@pytest.mark.parametrize("place", ["site/shapes", "site/voxel51_weights/shapes", "weights"])
def test_installed_weights_are_found_in_each_place(place: str, installed: InstalledWeights, tmp_path: Path) -> None:
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / place / "w.onnx").write_bytes(CONTENT)
    if "voxel51_weights" in place:
        (tmp_path / "site" / "voxel51_weights" / "__init__.py").touch()

    assert installed.read() == CONTENT


def test_a_file_of_another_version_is_passed_over(installed: InstalledWeights, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "site" / "shapes" / "w.onnx").write_bytes(b"another version")
    folder.mkdir()
    (folder / "w.onnx").write_bytes(CONTENT)

    assert installed.read() == CONTENT


def test_missing_weights_say_how_to_install_them(installed: InstalledWeights, folder: Path) -> None:
    with pytest.raises(MissingWeights, match=r"pip install \./weights") as error:
        installed.read()

    assert "voxel51-platform-weights" in str(error.value)
    assert installed.sha256 in str(error.value)
    assert str(folder) in str(error.value)
