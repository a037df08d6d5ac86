"""``voxel51 worker``: token and invalid arguments. Joining is tested with Ray, in ``tests/ray``."""

import stat
from pathlib import Path

import pytest

from voxel51.cli.main import main


def test_the_token_is_made_once_and_private(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert main(["worker", "token", "--dir", str(data)]) == 0
    first = capsys.readouterr().out
    assert main(["worker", "token", "--dir", str(data)]) == 0

    assert capsys.readouterr().out == first
    assert len(first.strip()) == 64
    assert stat.S_IMODE((data / "worker-token").stat().st_mode) == 0o600


def test_a_damaged_token_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "worker-token").write_text("short\n")

    assert main(["worker", "token", "--dir", str(tmp_path)]) == 1
    assert "has no valid token" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["", ":6379", "10.0.0.1:port"])
def test_an_invalid_address_is_an_error(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXEL51_WORKER_TOKEN", "0" * 64)

    assert main(["worker", "start", "--address", address, "--dir", str(tmp_path)]) == 1
    assert f"invalid address {address!r}" in capsys.readouterr().err


def test_a_token_is_needed_to_join(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VOXEL51_WORKER_TOKEN", raising=False)

    assert main(["worker", "start", "--address", "127.0.0.1", "--dir", str(tmp_path)]) == 1
    assert "no token given" in capsys.readouterr().err


def test_draining_without_a_worker_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worker", "drain", "--dir", str(tmp_path)]) == 1
    assert f"no worker runs with the folder {tmp_path}" in capsys.readouterr().err
