"""Weights: lookup of installed files, download of published ones, and verification by hash."""

import hashlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from voxel51.platform.errors import InvalidInput, MissingWeights
from voxel51.platform.job import Job
from voxel51.platform.weights import InstalledWeights, PublishedWeights, fetch_weights, weights_folder

CONTENT = b"weights " * 5000


@dataclass
class Publisher:
    """A server of the test's own that publishes weights."""

    url: str = ""
    content: bytes = CONTENT
    status: int = 200
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    here = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            self.send_response(here.status)
            self.send_header("Content-Length", str(len(here.content)))
            self.end_headers()
            self.wfile.write(here.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        here.url = f"http://127.0.0.1:{server.server_port}/w.onnx"
        yield here
        server.shutdown()
        thread.join()


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


def weights(publisher: Publisher) -> PublishedWeights:
    return PublishedWeights("w.onnx", publisher.url, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "MIT")


def test_weights_are_downloaded_once_and_recorded_in_the_provenance(
    publisher: Publisher, folder: Path, tmp_path: Path
) -> None:
    story = Story()
    first, second = a_job(tmp_path / "1", story), a_job(tmp_path / "2", story)

    assert fetch_weights(weights(publisher), first) == fetch_weights(weights(publisher), second) == CONTENT

    assert publisher.asked == ["/w.onnx"]
    assert story.messages == ["Downloading w.onnx (0 MB)"]
    assert second.provenance()["weights"] == {"w.onnx": hashlib.sha256(CONTENT).hexdigest()}
    assert [each.name for each in folder.iterdir()] == ["w.onnx"]


def test_a_file_in_the_folder_is_used_only_if_its_hash_is_right(
    publisher: Publisher, folder: Path, tmp_path: Path
) -> None:
    folder.mkdir()
    (folder / "w.onnx").write_bytes(b"poison! " * 5000)

    assert fetch_weights(weights(publisher), a_job(tmp_path / "1", Story())) == CONTENT
    assert (folder / "w.onnx").read_bytes() == CONTENT


def test_a_file_that_an_operator_put_there_needs_no_network(publisher: Publisher, folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (folder / "w.onnx").write_bytes(CONTENT)
    publisher.status = 500

    assert fetch_weights(weights(publisher), a_job(tmp_path / "1", Story())) == CONTENT
    assert publisher.asked == []


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (CONTENT[:-1] + b"!", 200, "another file"),
        (CONTENT[:-9], 200, "another file"),
        (CONTENT + b"more", 200, "larger than 40000 bytes"),
        (b"gone", 404, "the host responded with status 404"),
    ],
    ids=["altered", "cut", "more", "gone"],
)
def test_wrong_content_is_rejected_and_leaves_no_file(
    content: bytes, status: int, text: str, publisher: Publisher, folder: Path, tmp_path: Path
) -> None:
    publisher.content, publisher.status = content, status

    with pytest.raises(InvalidInput, match=text) as refused:
        fetch_weights(weights(publisher), a_job(tmp_path / "1", Story()))

    assert weights(publisher).sha256 in str(refused.value)
    assert str(folder) in str(refused.value)
    assert [*folder.iterdir()] == []


def test_without_a_network_the_error_says_which_file_to_put_where(folder: Path, tmp_path: Path) -> None:
    unreachable = PublishedWeights("w.onnx", "http://127.0.0.1:9/w.onnx", "0" * 64, 9, "MIT")

    with pytest.raises(InvalidInput, match=r"w\.onnx is not in .* and cannot be downloaded from http://127\.0\.0\.1:9"):
        fetch_weights(unreachable, a_job(tmp_path / "1", Story()))


def test_weights_are_used_even_if_the_folder_cannot_be_written(
    publisher: Publisher, folder: Path, tmp_path: Path
) -> None:
    folder.write_text("a file where the folder would be")

    assert fetch_weights(weights(publisher), a_job(tmp_path / "1", Story())) == CONTENT


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
