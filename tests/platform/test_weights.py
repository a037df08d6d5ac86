import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job
from voxel51.platform.weights import Weights, fetched, weights_folder

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


def weights(publisher: Publisher) -> Weights:
    return Weights("w.onnx", publisher.url, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "MIT")


def test_weights_are_fetched_once_and_named_in_the_provenance(
    publisher: Publisher, folder: Path, tmp_path: Path
) -> None:
    story = Story()
    first, second = a_job(tmp_path / "1", story), a_job(tmp_path / "2", story)

    assert fetched(weights(publisher), first) == fetched(weights(publisher), second) == CONTENT

    assert publisher.asked == ["/w.onnx"]
    assert story.messages == ["Fetching w.onnx (0 MB)"]
    assert second.provenance()["weights"] == {"w.onnx": hashlib.sha256(CONTENT).hexdigest()}
    assert [each.name for each in folder.iterdir()] == ["w.onnx"]


def test_what_lies_there_counts_with_the_right_hash_alone(publisher: Publisher, folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (folder / "w.onnx").write_bytes(b"poison! " * 5000)

    assert fetched(weights(publisher), a_job(tmp_path / "1", Story())) == CONTENT
    assert (folder / "w.onnx").read_bytes() == CONTENT


def test_a_file_put_there_by_hand_needs_no_network(publisher: Publisher, folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (folder / "w.onnx").write_bytes(CONTENT)
    publisher.status = 500

    assert fetched(weights(publisher), a_job(tmp_path / "1", Story())) == CONTENT
    assert publisher.asked == []


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (CONTENT[:-1] + b"!", 200, "another file"),
        (CONTENT[:-9], 200, "another file"),
        (CONTENT + b"more", 200, "more of it than 40000 bytes"),
        (b"gone", 404, "its host answers 404"),
    ],
    ids=["altered", "cut", "more", "gone"],
)
def test_what_is_another_file_is_refused_and_leaves_nothing(
    content: bytes, status: int, text: str, publisher: Publisher, folder: Path, tmp_path: Path
) -> None:
    publisher.content, publisher.status = content, status

    with pytest.raises(InvalidInput, match=text) as refused:
        fetched(weights(publisher), a_job(tmp_path / "1", Story()))

    assert weights(publisher).sha256 in str(refused.value)
    assert str(folder) in str(refused.value)
    assert [*folder.iterdir()] == []


def test_without_a_network_it_says_what_to_put_where(folder: Path, tmp_path: Path) -> None:
    nobody = Weights("w.onnx", "http://127.0.0.1:9/w.onnx", "0" * 64, 9, "MIT")

    with pytest.raises(InvalidInput, match=r"w\.onnx is not here and cannot be fetched from http://127\.0\.0\.1:9"):
        fetched(nobody, a_job(tmp_path / "1", Story()))


def test_where_nothing_can_be_kept_weights_are_used_all_the_same(
    publisher: Publisher, folder: Path, tmp_path: Path
) -> None:
    folder.write_text("a file where the folder would be")

    assert fetched(weights(publisher), a_job(tmp_path / "1", Story())) == CONTENT


def test_by_default_weights_are_kept_with_the_users_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VOXEL51_WEIGHTS_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert weights_folder() == tmp_path / ".cache" / "voxel51" / "weights"
