import io
from pathlib import Path

import pytest
import requests

from support.loopback_server import Loopback
from voxel51.users import utils
from voxel51.users.logging import setup_logging


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0B"), (100, "100B"), (123_000, "120.1KB"), (1024**4, "1TB"), (1024**6, "1024PB"), (1023.99, "1KB")],
)
def test_human_readable_bytes(number: float, text: str) -> None:
    assert utils.to_human_bytes_str(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (1e-3, "1ms"), (1, "1 second"), (60, "1 minute"), (65, "1.1 minutes"), (7200, "2 hours")],
)
def test_human_readable_durations(seconds: float, text: str) -> None:
    assert utils.to_human_time_str(seconds) == text


def test_the_largest_unit_can_be_limited() -> None:
    assert utils.to_human_time_str(7200, max_unit="minute") == "120 minutes"
    assert utils.to_human_bytes_str(10 * 1024**3, max_unit="MB") == "10240MB"
    with pytest.raises(ValueError, match="Invalid unit 'parsec'"):
        utils.to_human_time_str(1, max_unit="parsec")


def test_human_readable_numbers_and_bits() -> None:
    assert utils.to_human_decimal_str(123_456) == "123.5K"
    assert utils.to_human_decimal_str(123_456, decimals=0) == "123K"
    assert utils.to_human_bits_str(1536 * 1024) == "1.5Mb"


def test_json_is_written_to_new_folders_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"

    utils.write_json({"name": "ü"}, path)

    assert utils.read_json(path) == utils.load_json(path.read_bytes()) == {"name": "ü"}
    assert path.read_text() == utils.json_to_str({"name": "ü"})


def test_files_are_copied_to_new_folders(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")

    utils.copy_file(tmp_path / "a", tmp_path / "b" / "c")

    assert (tmp_path / "b" / "c").read_bytes() == b"x"


def test_url_parts_are_joined_with_one_slash() -> None:
    assert utils.urljoin("http://host/", "/v1/", "data", "d1") == "http://host/v1/data/d1"


@pytest.mark.parametrize(
    ("answers", "default", "expected"),
    [
        ("y\n", None, True),
        ("YE\n", None, True),
        ("n\n", "yes", False),
        ("\n", "no", False),
        ("what\nyes\n", None, True),
    ],
)
def test_a_question_is_repeated_until_it_is_answered(
    answers: str,
    default: str | None,
    expected: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))

    assert utils.query_yes_no("Sure?", default) is expected

    printed = capsys.readouterr().out
    assert printed.count("Sure? [") == answers.count("\n")
    assert ("Please respond with 'y[es]' or 'n[o]'" in printed) == ("what" in answers)


def test_an_invalid_default_is_rejected() -> None:
    with pytest.raises(ValueError, match="'maybe'"):
        utils.query_yes_no("Sure?", "maybe")


def test_files_are_sent_by_requests_with_their_exact_length(loopback: Loopback) -> None:
    files = {"file": ("v.mp4", io.BytesIO(b"video"), "video/mp4")}

    with requests.Session() as session:
        answer = utils.upload_files(session, loopback.url, files, {"X-Key": "k"}, timeout=10)

    assert answer.status_code == 200
    assert int(loopback.last.headers["content-length"]) == loopback.last.size_bytes
    assert (loopback.last.headers["x-key"], b'filename="v.mp4"' in loopback.last.body) == ("k", True)


def test_logging_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import logging

    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    before = root.level
    try:
        setup_logging()
        assert (root.level, len(root.handlers)) == (logging.INFO, 1)
        assert root.handlers[0].formatter._fmt == "%(message)s"
    finally:
        root.setLevel(before)
