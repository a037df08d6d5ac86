import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.loopback_server import Loopback, Reply
from support.waiting import DEADLINE_SLACK_SECONDS
from voxel51.transport.errors import CannotConnect, ServerFailed
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token
from voxel51.users.jobs import JobExecutionError


def jobs_in_states(*states: str) -> list[Reply]:
    return [Reply.of({"job": {"id": "j1", "state": state, "failure_type": "NONE"}}) for state in states]


def test_an_error_has_the_text_and_code_of_the_platform(api: API, loopback: Loopback) -> None:
    loopback.reply(Reply.error(404, "No data 'd1'", X_Request_Id="r1"))

    with pytest.raises(APIError) as caught:
        api.get_data_details("d1")

    assert (str(caught.value), caught.value.code) == ("404: No data 'd1'", 404)
    assert caught.value.request_id == "r1"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "x"}', b'{"error": {}}', b"\xff"])
def test_an_error_from_another_server_names_the_url(api: API, loopback: Loopback, body: bytes) -> None:
    loopback.reply(Reply(500, body))

    with pytest.raises(ServerFailed) as caught:
        api.get_data_details("d1")

    assert str(caught.value) == f"500: Internal Server Error for URL: {loopback.url}/v1/data/d1"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"\xff"])
def test_a_response_from_another_server_is_an_error(api: API, loopback: Loopback, body: bytes) -> None:
    loopback.reply(Reply(200, body))

    with pytest.raises(APIError, match=r"did not come from a platform\. Check base_api_url"):
        api.list_data()


def test_a_redirect_of_a_change_is_an_error(api: API, loopback: Loopback) -> None:
    loopback.reply(Reply(301, headers={"Location": "https://elsewhere.invalid/"}))

    with pytest.raises(APIError, match="redirects to another address"):
        api.start_job("j1")


@pytest.mark.parametrize("identifier", ["", ".", "..", "a/b", "a?b", "a#b", "a\\b", "a%2fb", "a b", "a\nb", "a\x7f"])
def test_an_invalid_id_is_not_sent(api: API, loopback: Loopback, identifier: str) -> None:
    with pytest.raises(APIError, match="is not an id"):
        api.delete_data(identifier)

    assert loopback.requests == []


@pytest.mark.usefixtures("short_pauses")
def test_the_error_names_an_unreachable_platform() -> None:
    api = API(Token.from_private_key("key", "http://127.0.0.1:1"))

    with pytest.raises(CannotConnect, match=r"http://127\.0\.0\.1:1"):
        api.list_jobs()


def test_reading_is_retried(short_pauses: None, api: API, loopback: Loopback) -> None:
    loopback.reply(Reply.error(503, "restarting"), Reply(hang_up=True), Reply.of({"jobs": []}))

    assert api.list_jobs() == []


def test_starting_a_job_is_not_retried(api: API, loopback: Loopback) -> None:
    loopback.reply(Reply.error(503, "restarting"), Reply())

    with pytest.raises(APIError, match="restarting"):
        api.start_job("j1")


def test_threads_share_connections_and_results_keep_their_order(api: API, loopback: Loopback) -> None:
    loopback.choose = lambda request: Reply.of({"job": {"id": request.path.rpartition("/")[2]}})
    ids = [str(number) for number in range(50)]

    details = api.thread_map(api.get_job_details, ids, max_workers=4)

    assert [job["id"] for job in details] == ids
    assert loopback.connections <= 8


def test_thread_map_raises_the_first_error(api: API, loopback: Loopback) -> None:
    loopback.choose = lambda request: Reply.error(404, request.path) if "jobs/3/" in request.path else Reply.of({})

    with pytest.raises(APIError, match="jobs/3"):
        API.thread_map(api.get_job_status, ["1", "3", "13"])


def test_thread_map_starts_nothing_after_a_failure() -> None:
    started_items: list[int] = []

    def callback(number: int) -> None:
        started_items.append(number)
        if number == 1:
            raise ValueError("no more")
        time.sleep(0.05)

    with pytest.raises(ValueError, match="no more"):
        API.thread_map(callback, range(100), max_workers=2)

    assert len(started_items) < 10


def test_thread_map_reports_progress() -> None:
    seen: list[tuple[int, int]] = []

    assert API.thread_map(str, range(3), progress=lambda *step: seen.append(step)) == ["0", "1", "2"]
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_connections_are_closed(loopback: Loopback) -> None:
    loopback.reply_json({"jobs": []})

    with API(Token.from_private_key("key", loopback.url), keep_alive=True) as api:
        api.list_jobs()

    assert api.list_jobs() == []
    assert loopback.connections == 2


def test_an_upload_reports_progress(api: API, loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply_json({"data": {"id": "d1", "name": "v.mp4"}})
    path = tmp_path / "v.mp4"
    path.write_bytes(bytes(3_000_000))
    seen: list[tuple[int, int]] = []

    data = api.upload_data(path, progress=lambda sent, total: seen.append((sent, total)))

    assert data == {"id": "d1", "name": "v.mp4"}
    assert seen[-1] == (3_000_000, 3_000_000)


def test_a_missing_file_is_reported_before_anything_is_sent(api: API, loopback: Loopback) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.mp4"):
        api.upload_data("missing.mp4")

    assert loopback.requests == []


# --- downloads


def test_a_download_is_written_to_its_path(api: API, loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply(Reply(body=b"labels"))
    seen: list[tuple[int, int | None]] = []

    path = api.download_job_output("j1", str(tmp_path / "new" / "out.json"), lambda *step: seen.append(step))

    assert path == str(tmp_path / "new" / "out.json")
    assert Path(path).read_bytes() == b"labels"
    assert seen == [(6, 6)]


@pytest.mark.parametrize(("name", "local"), [("labels.json", "labels.json"), ("../../evil", "evil"), ("..", "x1")])
def test_without_a_path_a_download_keeps_its_name_in_the_current_folder(
    api: API, loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, local: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    details = {"job": {"output_filename": name}, "data": {"name": name}}
    loopback.choose = lambda request: Reply.of(details) if request.path.endswith("/x1") else Reply(body=b"content")

    assert api.download_job_output("x1") == local
    assert api.download_data("x1") == local
    assert (tmp_path / "here" / local).read_bytes() == b"content"


def test_a_rejected_download_writes_nothing(api: API, loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply(Reply.error(400, "Job 'j1' has expired"))

    with pytest.raises(APIError, match="has expired"):
        api.download_job_output("j1", tmp_path / "new" / "out.json")

    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_download_is_retried(api: API, loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply(Reply(body=b"labels", cut_after=2), Reply(body=b"labels"))

    api.download_data("d1", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b"labels"


def test_a_folder_is_rejected_before_anything_is_sent(api: API, loopback: Loopback, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="Specify the path of the file"):
        api.download_data("d1", tmp_path)

    assert loopback.requests == []


def test_a_log_is_returned_or_written_to_a_file(api: API, loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply(Reply(body="grüezi\n".encode() + b"\xff"))

    assert api.download_job_logfile("j1") == "grüezi\n\N{REPLACEMENT CHARACTER}"
    assert api.download_job_logfile("j1", tmp_path / "log.txt") is None
    assert (tmp_path / "log.txt").read_bytes() == "grüezi\n".encode() + b"\xff"


# --- jobs


def test_the_end_of_a_short_job_is_noticed_at_once(api: API, loopback: Loopback) -> None:
    loopback.reply(*jobs_in_states("QUEUED", "RUNNING", "COMPLETE"))
    started = time.monotonic()

    api.wait_until_job_completes("j1")

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    assert len(loopback.requests) == 3


def test_a_failed_job_ends_the_wait(api: API, loopback: Loopback) -> None:
    loopback.reply(*jobs_in_states("RUNNING", "FAILED"))

    with pytest.raises(JobExecutionError, match=r"^Job 'j1' failed"):
        api.wait_until_job_completes("j1")


def test_the_deadline_is_kept(api: API, loopback: Loopback) -> None:
    loopback.reply(*jobs_in_states("RUNNING"))
    started = time.monotonic()

    with pytest.raises(JobExecutionError, match=r"^Maximum wait time exceeded$"):
        api.wait_until_job_completes("j1", sleep_time=5, max_wait_time=0.6)

    assert 0.6 <= time.monotonic() - started < DEADLINE_SLACK_SECONDS


def test_the_deadline_is_kept_if_the_platform_hangs(api: API, loopback: Loopback) -> None:
    never = threading.Event()
    loopback.reply(Reply(until=never))
    started = time.monotonic()

    with pytest.raises(JobExecutionError, match="Maximum wait time exceeded"):
        api.wait_until_job_completes("j1", max_wait_time=0.5)

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    never.set()


def test_a_wait_time_of_zero_polls_once(api: API, loopback: Loopback) -> None:
    loopback.reply(*jobs_in_states("COMPLETE"))

    api.wait_until_job_completes("j1", max_wait_time=0)

    assert len(loopback.requests) == 1


def test_progress_is_reported_while_waiting(api: API, loopback: Loopback) -> None:
    states = iter(["READY", "QUEUED", "RUNNING", "COMPLETE"])
    statuses = iter([Reply.error(404, "none yet"), *(Reply.of({"progress": {"fraction": f}}) for f in (0.5, 1.0))])

    def choose(request):
        if request.path.startswith("/v1/events"):
            return Reply.error(404, "an old platform")
        return next(statuses) if request.path.endswith("/status") else jobs_in_states(next(states))[0]

    loopback.choose = choose
    seen = []

    api.wait_until_job_completes("j1", progress=lambda job, status: seen.append((job["state"], status)))

    assert seen == [
        ("READY", None),
        ("QUEUED", None),
        ("RUNNING", {"progress": {"fraction": 0.5}}),
        ("COMPLETE", {"progress": {"fraction": 1.0}}),
    ]


@pytest.mark.parametrize("ask", [API.get_job_state, API.is_job_complete, API.is_job_expired])
def test_a_job_or_its_id_is_required(api: API, loopback: Loopback, ask) -> None:
    with pytest.raises(APIError) as caught:
        ask(api)

    assert str(caught.value) == "400: Either `job_id` or `job` must be provided"
    assert loopback.requests == []


def test_states_of_a_record_need_no_request(api: API, loopback: Loopback) -> None:
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    future = (datetime.now(UTC) + timedelta(minutes=1)).astimezone().isoformat()

    assert api.get_job_state(job={"state": "RUNNING"}) == "RUNNING"
    assert api.is_job_complete(job={"state": "COMPLETE"}) is True
    assert api.is_job_complete(job={"state": "RUNNING"}) is False
    assert api.is_job_expired(job={"expiration_date": past, "expired": False}) is True
    assert api.is_job_expired(job={"expiration_date": future, "expired": True}) is False
    assert loopback.requests == []


def test_states_of_an_id_are_requested(api: API, loopback: Loopback) -> None:
    loopback.reply_json({"job": {"id": "j1", "state": "COMPLETE", "expired": 1, "expiration_date": "2999-01-01"}})

    assert api.is_job_expired("j1") is True
    assert api.is_job_complete("j1") is True
    assert api.get_job_state("j1") == "COMPLETE"


@pytest.mark.parametrize("arguments", [{}, {"days": 1, "expiration_date": "2030-01-01"}])
@pytest.mark.parametrize(
    "change", [API.update_data_ttl, API.update_job_ttl, API.batch_update_data_ttl, API.batch_update_jobs_ttl]
)
def test_a_lifetime_is_changed_by_days_or_to_a_date(api: API, loopback: Loopback, change, arguments: dict) -> None:
    with pytest.raises(APIError) as caught:
        change(api, "x1", **arguments)

    assert str(caught.value) == "400: Either `days` or `expiration_date` must be provided"
    assert loopback.requests == []


# --- analytics


def test_an_analytic_is_found_by_its_exact_name(api: API, loopback: Loopback) -> None:
    found = [{"id": "1", "name": "a/bc", "version": "1"}, {"id": "2", "name": "a/b", "version": "2"}]
    loopback.reply_json({"analytics": found})

    assert api.get_analytic_id("a/b") == "2"
    assert api.get_analytic_id("a/b", "2") == "2"
    with pytest.raises(ValueError, match=r"^Analytic 'a/b v3' not found$"):
        api.get_analytic_id("a/b", "3")
    with pytest.raises(ValueError, match=r"^Analytic 'a' not found$"):
        api.get_analytic_id("a")


def test_special_characters_in_names_are_escaped(api: API, loopback: Loopback) -> None:
    loopback.reply_json({"analytics": [{"id": "1", "name": "a:b,c|d\\", "version": "1"}]})

    assert api.get_analytic_id("a:b,c|d\\") == "1"
    assert loopback.last.json["search"] == "name:a\\:b\\,c\\|d\\\\"
