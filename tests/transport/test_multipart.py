import io
import os
from pathlib import Path

import pytest
from multipart import MultipartParser

from voxel51.transport.messages import CHUNK_BYTES
from voxel51.transport.multipart import FilePart, encode, type_of

HOSTILE_NAMES = {
    "quotes": ('say "hi".mp4', "say %22hi%22.mp4"),
    "line break": ("a\r\nContent-Type: evil\r\n\r\nx.mp4", "a%0D%0AContent-Type: evil%0D%0A%0D%0Ax.mp4"),
    "control characters": ("a\x00\x1bb\x7f.mp4", "a%00%1Bb%7F.mp4"),
    "umlauts": ("Überwachung.mp4", "Überwachung.mp4"),
    "emoji": ("🎬.mp4", "🎬.mp4"),
    "a stray byte": (os.fsdecode(b"caf\xe9.mp4"), "caf?.mp4"),
    "semicolons": ("a; name=b.mp4", "a; name=b.mp4"),
    "very long": ("x" * 300, "x" * 300),
}


def parse(content_type: str, body: bytes):
    boundary = content_type.partition("boundary=")[2]
    return list(MultipartParser(io.BytesIO(body), boundary.encode()))


def test_the_file_comes_first_and_the_options_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"video")

    content_type, body = encode({"file": FilePart.from_path(path)}, {"job_name": "näme", "auto_start": "False"})
    sent = b"".join(body.chunks())
    boundary = content_type.removeprefix("multipart/form-data; boundary=")

    assert sent.decode() == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="v.mp4"\r\n'
        "Content-Type: video/mp4\r\n\r\nvideo\r\n"
        f'--{boundary}\r\nContent-Disposition: form-data; name="job_name"\r\n\r\nnäme\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="auto_start"\r\n\r\nFalse\r\n'
        f"--{boundary}--\r\n"
    )


@pytest.mark.parametrize(("name", "expected"), HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_hostile_names_stay_inside_their_quotes(name: str, expected: str) -> None:
    content_type, body = encode({"file": FilePart.from_bytes(name, b"x", "video/mp4")}, {})
    sent = b"".join(body.chunks())

    assert f'filename="{expected}"\r\n'.encode() in sent
    (part,) = parse(content_type, sent)
    assert (part.name, part.raw) == ("file", b"x")


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_the_length_is_exact_and_the_pieces_are_small(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(os.urandom(size))

    _, body = encode({"file": FilePart.from_path(path)}, {"data_ttl": "2030-01-01"})
    pieces = list(body.chunks())

    assert sum(map(len, pieces)) == body.size_bytes
    assert max(map(len, pieces)) <= CHUNK_BYTES


def test_a_body_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"again")
    _, body = encode({"file": FilePart.from_path(path)}, {})

    assert b"".join(body.chunks()) == b"".join(body.chunks())


def test_progress_counts_up_to_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(bytes(2 * CHUNK_BYTES + 5))
    seen: list[tuple[int, int]] = []

    _, body = encode({"file": FilePart.from_path(path, lambda sent, total: seen.append((sent, total)))}, {})
    list(body.chunks())

    total = 2 * CHUNK_BYTES + 5
    assert seen == [(CHUNK_BYTES, total), (2 * CHUNK_BYTES, total), (total, total)]


def test_a_growing_file_is_sent_at_its_first_size(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"first")
    part = FilePart.from_path(path)
    path.write_bytes(b"first and second")

    assert b"".join(part.content()) == b"first"


def test_a_shrinking_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"first and second")
    part = FilePart.from_path(path)
    path.write_bytes(b"first")

    with pytest.raises(OSError, match=r"log\.txt.*became shorter.*11 of 16"):
        list(part.content())


def test_a_missing_file_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.mp4"):
        FilePart.from_path(tmp_path / "missing.mp4")
    with pytest.raises(OSError, match="not a file that can be uploaded"):
        FilePart.from_path(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.mp4", "video/mp4"), ("a.tar.gz", "application/x-tar"), ("a", "application/octet-stream")],
)
def test_the_media_type_follows_from_the_name(name: str, expected: str) -> None:
    assert type_of(name) == expected
