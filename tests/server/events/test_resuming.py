"""Resuming an event stream, whatever happened meanwhile to the reader, the events or the database."""

import asyncio
import gc
from contextlib import aclosing
from datetime import timedelta

import pytest
import requests
from sqlalchemy import update

from support.accounts import User
from support.databases import migrated_sqlite
from support.waiting import LIMIT_SECONDS
from voxel51.server.database.database import Database
from voxel51.server.events import outbox
from voxel51.server.events.feed import Feed, StreamStart
from voxel51.server.events.routes import event_routes
from voxel51.server.events.service import EventService
from voxel51.server.events.tables import events
from voxel51.server.http.context import RequestContext
from voxel51.server.http.event_streams import event_response
from voxel51.wire import dates
from voxel51.wire.events import EventName


@pytest.fixture
def database(tmp_path):
    database = Database(migrated_sqlite(tmp_path / "platform.sqlite"))
    yield database
    database.close()


@pytest.fixture
def service(database):
    return EventService(database, timedelta(days=7))


def tell(database, count=1):
    with database.write() as connection:
        outbox.record(connection, EventName.QUEUED, [("job", "alice")] * count, {"state": "QUEUED"})


def make_old(database, up_to):
    with database.write() as connection:
        old = dates.now() - timedelta(days=8)
        connection.execute(update(events).where(events.c.id <= up_to).values(date=old))


def test_old_events_are_deleted_except_the_newest(database, service):
    tell(database, 5)
    make_old(database, 3)
    assert (service.expire(), service.expire()) == (3, 0)
    make_old(database, 5)
    assert service.expire() == 1
    assert service.last_id() == 5


@pytest.mark.parametrize(
    ("seen", "expected"),
    [(0, (3, True)), (2, (3, True)), (3, (3, False)), (4, (4, False)), (5, (5, False)), (77, (5, True))],
)
def test_reader_away_longer_than_the_retention_gets_a_gap(database, service, seen, expected):
    tell(database, 5)
    make_old(database, 3)
    service.expire()
    assert service.resume(seen) == expected


@pytest.mark.parametrize(("seen", "expected"), [(0, (0, False)), (9, (0, True))])
def test_without_events_only_an_id_above_zero_is_a_gap(service, seen, expected):
    assert service.resume(seen) == expected


def test_stream_begins_with_the_id_to_resume_from(shared_user: User):
    with requests.get(
        f"{shared_user.v1}/events", headers=shared_user.headers, stream=True, timeout=LIMIT_SECONDS
    ) as answer:
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        assert [next(lines) for _ in range(2)] == ["retry: 1000", ""]
        assert next(lines).startswith("id: ")


def test_gap_comes_first_with_the_id_the_stream_continues_from(shared_user: User):
    asked = {"headers": {**shared_user.headers, "Last-Event-ID": "9" * 18}, "stream": True, "timeout": 20}
    with requests.get(f"{shared_user.v1}/events", **asked) as answer:
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        received = dict(line.split(": ", 1) for line in [next(lines) for _ in range(5)] if line)
    assert (received["retry"], received["event"]) == ("1000", "gap")
    assert f'"id":{received["id"]},' in received["data"]


def test_response_that_is_never_sent_releases_its_listener(database, service):
    feed = Feed(service, max_listeners=1, max_per_owner=1)
    [route] = event_routes(feed, lambda _user, _job_ids: {})

    class Alice:
        id = "alice"

    async def begin_and_drop() -> None:
        response = await event_response(route.handler(RequestContext(Alice(), {})), lambda: None)
        del response
        gc.collect()
        await asyncio.sleep(0)

    async def twice() -> None:
        for _ in range(2):
            await begin_and_drop()
            async with asyncio.timeout(LIMIT_SECONDS):
                while feed._listeners:
                    await asyncio.sleep(0)

    asyncio.run(twice())


def test_brief_database_failure_loses_no_event(database, service, caplog):
    feed = Feed(service, max_listeners=1, max_per_owner=1)
    database.on_write(feed.wake)

    async def listen() -> int:
        async with aclosing(await feed.listen("alice", [], None, 30)) as received:
            assert await anext(received) == StreamStart(0, gap=False)
            with database.write() as connection:
                connection.exec_driver_sql("ALTER TABLE events RENAME TO away")
            async with asyncio.timeout(LIMIT_SECONDS):
                while "reading events failed" not in caplog.text:
                    await asyncio.sleep(0.01)
            with database.write() as connection:
                connection.exec_driver_sql("ALTER TABLE away RENAME TO events")
            tell(database)
            async with asyncio.timeout(LIMIT_SECONDS):
                return (await anext(received))["id"]

    assert asyncio.run(listen()) == 1


@pytest.mark.parametrize("count", [1, 20, 21, 1234])
def test_listener_gets_any_number_of_events_of_one_commit(database, service, count):
    feed = Feed(service, max_listeners=1, max_per_owner=1)
    database.on_write(feed.wake)

    async def listen() -> list[int]:
        async with aclosing(await feed.listen("alice", [], None, 30)) as received:
            await anext(received)
            await asyncio.to_thread(tell, database, count)
            async with asyncio.timeout(LIMIT_SECONDS):
                return [(await anext(received))["id"] for _ in range(count)]

    assert asyncio.run(listen()) == list(range(1, count + 1))


@pytest.mark.parametrize(("count", "few"), [(0, 0), (20, 20), (21, None)])
def test_only_few_events_are_read_in_the_event_loop(database, service, count, few):
    if count:
        tell(database, count)

    found = service.few_after(0)

    assert (None if found is None else len(found)) == few
