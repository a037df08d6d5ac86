"""Progress bars, with and without tqdm."""

import sys

import pytest

from support.accounts import User
from support.platforms import NO_OP
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest
from voxel51.users.progress import progress_reporter


@pytest.fixture(params=["tqdm", "plain"])
def kind(request, monkeypatch):
    if request.param == "plain":
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    else:
        pytest.importorskip("tqdm")
    return request.param


@pytest.fixture
def own(shared_user: User):
    with API(Token.from_json(shared_user.token)) as client:
        yield client


def test_transfers_and_jobs_show_their_progress(own, kind, tmp_path, capfd):
    file = tmp_path / "a-file.bin"
    file.write_bytes(b"x" * 3_000_000)

    data = own.upload_data(str(file), progress=True)
    uploaded = capfd.readouterr().err
    own.download_data(data["id"], str(tmp_path / "again.bin"), progress=True)
    downloaded = capfd.readouterr().err
    job = own.upload_job_request(JobRequest(NO_OP), "a visible job", auto_start=True)
    own.wait_until_job_completes(job["id"], progress=True)
    waited = capfd.readouterr().err

    assert "a-file.bin" in uploaded
    assert "100%" in uploaded.replace(" %", "%")
    assert "again.bin" in downloaded
    assert "a visible job: complete" in waited
    assert (tmp_path / "again.bin").read_bytes() == file.read_bytes()


def test_items_of_thread_map_are_counted(own, kind, capfd):
    assert own.thread_map(abs, [-1, -2, -3], progress=True) == [1, 2, 3]
    assert "100%" in capfd.readouterr().err.replace(" %", "%")


def test_a_function_is_used_as_it_is_and_without_one_nothing_is_shown(capfd):
    def report(done, total):
        raise AssertionError

    assert progress_reporter(report, "x") is report
    assert progress_reporter(None, "x") is None
    assert progress_reporter(False, "x") is None
    assert capfd.readouterr().err == ""


def test_a_finished_bar_ignores_further_reports(kind, capfd):
    bar = progress_reporter(True, "once")
    for done in (1, 2, 2, 1):
        bar(done, 2)
    assert capfd.readouterr().err.rstrip().count("\n") <= 1


def test_without_a_terminal_one_line_is_written_at_the_end(kind, capfd):
    bar = progress_reporter(True, "once")
    for done in range(11):
        bar(done, 10)
    assert capfd.readouterr().err == "once: 100 %\n"
