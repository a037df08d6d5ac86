"""Async client: the same calls as the blocking client, against real servers."""

import asyncio
import inspect
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.loopback_server import Loopback, Received, Reply
from support.platforms import NO_OP, PATIENT
from support.waiting import DEADLINE_SLACK_SECONDS, LIMIT_SECONDS
from voxel51.apps.api import ApplicationAPI, ApplicationAPIError
from voxel51.apps.async_api import AsyncApplicationAPI
from voxel51.transport.errors import APIError, CannotConnect, Conflict, ConnectionFailed, NotFound, ServerFailed
from voxel51.users.api import API
from voxel51.users.async_api import AsyncAPI
from voxel51.users.auth import Token
from voxel51.users.jobs import JobExecutionError, JobRequest, WaitTimedOut
from voxel51.users.query import DataQuery, JobsQuery

NOT_ASYNC = {"thread_map"}
"""Methods about threads."""

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def client(loopback: Loopback) -> AsyncAPI:
    return AsyncAPI(Token.from_private_key("key", loopback.url))


# --- the same surface

PAIRS = [pytest.param(API, AsyncAPI, id="users"), pytest.param(ApplicationAPI, AsyncApplicationAPI, id="applications")]


def public(client: type) -> dict[str, Any]:
    return {name: method for name, method in inspect.getmembers(client, callable) if not name.startswith("_")}


@pytest.mark.parametrize(("blocking", "asynchronous"), PAIRS)
def test_both_clients_have_the_same_calls(blocking: type, asynchronous: type) -> None:
    assert set(public(asynchronous)) == set(public(blocking)) - NOT_ASYNC
    assert list(inspect.signature(asynchronous).parameters) == list(inspect.signature(blocking).parameters)


@pytest.mark.parametrize(("blocking", "asynchronous"), PAIRS)
def test_both_clients_have_the_same_signatures_and_docstrings(blocking: type, asynchronous: type) -> None:
    for name, method in public(asynchronous).items():
        original = getattr(blocking, name)
        ours, theirs = inspect.signature(method), inspect.signature(original)
        assert ours.parameters == theirs.parameters, name
        assert _as_blocking(str(ours.return_annotation)) == str(theirs.return_annotation), name
        assert inspect.getdoc(method) == inspect.getdoc(original), name


def _as_blocking(annotation: str) -> str:
    """Return the annotation of a blocking call for that of an awaited one."""
    plain = annotation.replace("AsyncIterator", "Iterator")
    return re.sub(r"collections\.abc\.Awaitable\[([^\[\]]+)\]", r"\1", plain)


# --- one call


async def test_calls_are_awaited(client: AsyncAPI, loopback: Loopback) -> None:
    loopback.reply_json({"jobs": [{"id": "j1"}]})

    async with client:
        assert await client.list_jobs() == [{"id": "j1"}]

    assert loopback.last.headers["authorization"] == "Bearer key"


async def test_requests_are_retried_with_the_same_key(client: AsyncAPI, loopback: Loopback) -> None:
    loopback.reply(Reply.error(503, "restarting"), Reply(hang_up=True), Reply.of({"job": {"id": "j1"}}))

    assert await client.upload_job_request(JobRequest("a/b"), "a job") == {"id": "j1"}

    assert len({request.headers["idempotency-key"] for request in loopback.requests}) == 1
    assert len(loopback.requests) == 3


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(Reply.error(404, "no"), NotFound), (Reply(500), ServerFailed), (Reply(hang_up=True), ConnectionFailed)],
    ids=["rejected", "failed", "broken connection"],
)
async def test_errors_have_the_same_classes(
    client: AsyncAPI, loopback: Loopback, reply: Reply, kind: type[APIError]
) -> None:
    loopback.reply(reply)

    with pytest.raises(kind):
        await client.start_job("j1")

    assert len(loopback.requests) == 1


@pytest.mark.usefixtures("short_pauses")
async def test_the_error_names_an_unreachable_platform() -> None:
    async with AsyncAPI(Token.from_private_key("key", "http://127.0.0.1:1")) as api:
        with pytest.raises(CannotConnect, match=r"http://127\.0\.0\.1:1"):
            await api.list_jobs()


async def test_redirects_to_other_hosts_carry_no_credentials(
    client: AsyncAPI, loopback: Loopback, another_loopback: Loopback
) -> None:
    loopback.reply(Reply(302, headers={"Location": f"{another_loopback.url}/moved"}))
    another_loopback.reply_json({"jobs": []})

    assert await client.list_jobs() == []
    assert "authorization" not in another_loopback.last.headers


async def test_a_large_file_is_uploaded_and_downloaded(client: AsyncAPI, loopback: Loopback, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    (tmp_path / "video.mp4").write_bytes(content)
    loopback.choose = lambda request: (
        Reply.of({"data": {"id": "d1"}}) if request.method == "POST" else Reply(body=content)
    )
    up: list[tuple[int, int]] = []
    down: list[tuple[int, int | None]] = []

    data = await client.upload_data(tmp_path / "video.mp4", progress=lambda *step: up.append(step))
    path = await client.download_data(data["id"], tmp_path / "back.mp4", lambda *step: down.append(step))

    assert Path(path).read_bytes() == content
    assert (up[-1], down[-1]) == ((len(content), len(content)), (len(content), len(content)))


async def test_an_interrupted_download_is_retried(client: AsyncAPI, loopback: Loopback, tmp_path: Path) -> None:
    loopback.reply(Reply(body=b"whole", cut_after=2), Reply.error(503, "not now"), Reply(body=b"whole"))

    await client.download_job_output("j1", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


async def test_a_rejected_or_cancelled_download_keeps_the_old_file(
    client: AsyncAPI, loopback: Loopback, tmp_path: Path
) -> None:
    (tmp_path / "out").write_bytes(b"before")
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    loopback.reply(Reply.error(404, "gone"))
    with pytest.raises(NotFound):
        await client.download_job_output("j1", tmp_path / "out")

    loopback.reply(Reply(body=bytes(1 << 20), repeat_body=64))
    download = asyncio.create_task(
        client.download_job_output("j1", tmp_path / "out", lambda *_: loop.call_soon_threadsafe(started.set) and None)
    )
    await started.wait()
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("out", b"before")]


async def test_concurrent_calls_share_the_event_loop(client: AsyncAPI, loopback: Loopback) -> None:
    loopback.choose = lambda request: Reply.of({"job": {"id": request.path.rpartition("/")[2]}})

    found = await asyncio.gather(*(client.get_job_details(str(number)) for number in range(50)))

    assert [job["id"] for job in found] == [str(number) for number in range(50)]


# --- flows


@pytest.mark.alone
async def test_the_deadline_of_waiting_is_never_exceeded(client: AsyncAPI, loopback: Loopback) -> None:
    never = threading.Event()
    loopback.reply(Reply(until=never))
    started = time.monotonic()

    with pytest.raises(WaitTimedOut):
        async for _ in client.wait(["j1", "j2"], timeout=0.5):
            pass

    assert time.monotonic() - started < DEADLINE_SLACK_SECONDS
    never.set()


async def test_lists_are_read_in_pages(client: AsyncAPI, loopback: Loopback) -> None:
    def choose(request: Received) -> Reply:
        start = int(request.json.get("cursor", 0))
        last = min(start + request.json["limit"], 450)
        cursor = None if last == 450 else str(last)
        return Reply.of({"data": [{"id": str(number)} for number in range(start, last)], "next_cursor": cursor})

    loopback.choose = choose

    assert [each["id"] async for each in client.iter_data()] == [str(number) for number in range(450)]
    assert len(loopback.requests) == 3


async def test_an_analytic_is_run_and_jobs_are_awaited(shared_user: User, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"not looked at")
    async with AsyncAPI(Token.from_json(shared_user.token)) as api:
        result = await api.run(
            PATIENT, {"video": tmp_path / "v.mp4"}, {"seconds": 0.2}, output_dir=tmp_path, timeout=LIMIT_SECONDS
        )
        failing = await api.upload_job_request(JobRequest("journeys/crash"), "fails", auto_start=True)
        fine = await api.upload_job_request(JobRequest(NO_OP), "does not", auto_start=True)
        states = {job["id"]: job["state"] async for job in api.wait([failing, fine], timeout=LIMIT_SECONDS)}
        with pytest.raises(JobExecutionError, match="failed"):
            await api.wait_until_job_completes(failing["id"])
        job = await anext(aiter(api.iter_jobs(JobsQuery().add_search("id", result.job["id"]))))

    assert (tmp_path / "labels.json").read_text(encoding="utf-8") == "{}"
    assert states == {failing["id"]: "FAILED", fine["id"]: "COMPLETE"}
    assert job["state"] == "COMPLETE"


async def test_the_async_application_client(platform: PlatformProcess, tmp_path: Path) -> None:
    application = Application.create(platform, tmp_path)
    (tmp_path / "of-alice.txt").write_bytes(b"content")

    async with AsyncApplicationAPI.from_json(application.token) as api:
        await api.create_user("alice")
        with pytest.raises(ApplicationAPIError) as caught:
            await api.create_user("alice")
        api.with_user("alice")
        data = await api.upload_data(tmp_path / "of-alice.txt")
        api.exit_user()
        found = await api.query_application_data(DataQuery())
        analytic_id = await api.get_analytic_id(NO_OP)
        analytic = await api.get_analytic_details(analytic_id)

    assert isinstance(caught.value, Conflict)
    assert [each["id"] for each in found["data"]] == [data["id"]]
    assert analytic["name"] == NO_OP
