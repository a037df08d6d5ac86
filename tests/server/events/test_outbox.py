"""Event outbox: events are written at the end of their transaction, and those of a part that is rolled back are not."""

from contextlib import suppress

import pytest
from sqlalchemy import select

from voxel51.server.database.database import Database
from voxel51.server.events import outbox
from voxel51.server.events.tables import events
from voxel51.wire.events import EventName


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    yield database
    database.close()


def record(connection, name, job_id="job", **document):
    outbox.record(connection, name, [(job_id, "alice")], document)


def recorded(database):
    with database.read() as connection:
        found = connection.execute(select(events.c.name, events.c.job_id, events.c.document).order_by(events.c.id))
        return [(row.name, row.job_id, row.document) for row in found]


def test_events_of_a_part_of_a_transaction_that_is_rolled_back_are_not_written(database):
    with database.write() as connection:
        record(connection, EventName.QUEUED)
        with suppress(ZeroDivisionError), database.write() as part:
            record(part, EventName.FAILED)
            raise ZeroDivisionError
        with database.write() as part:
            record(part, EventName.SCHEDULED)
    with suppress(ZeroDivisionError), database.write() as connection:
        record(connection, EventName.COMPLETE)
        raise ZeroDivisionError

    assert [name for name, _, _ in recorded(database)] == [EventName.QUEUED, EventName.SCHEDULED]


def test_only_the_latest_progress_of_a_job_is_kept(database):
    with database.write() as connection:
        record(connection, EventName.PROGRESS, fraction=0.1)
        record(connection, EventName.PROGRESS, "other", fraction=0.2)
    with database.write() as connection:
        record(connection, EventName.PROGRESS, fraction=0.3)
        record(connection, EventName.MESSAGE, message="half")
        record(connection, EventName.PROGRESS, fraction=0.5)

    assert recorded(database) == [
        (EventName.PROGRESS, "other", {"fraction": 0.2}),
        (EventName.MESSAGE, "job", {"message": "half"}),
        (EventName.PROGRESS, "job", {"fraction": 0.5}),
    ]


def test_transaction_with_events_is_not_waited_for_by_another_one(postgresql):
    database = Database(postgresql.database())
    with database.write() as connection:
        record(connection, EventName.QUEUED)
        with database.engine.begin() as other:
            record(other, EventName.QUEUED, "other")  # not of Database.write: at once

    assert [job_id for _, job_id, _ in recorded(database)] == ["other", "job"]
    database.close()
