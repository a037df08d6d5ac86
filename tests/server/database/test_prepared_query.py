"""Prepared queries: the same rows as SQLAlchemy selects, in the same transactions, with the same errors."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, literal, select
from sqlalchemy.exc import DBAPIError

from support.job_services import open_job_services
from voxel51.server.database.database import Database
from voxel51.server.database.prepared_query import PreparedQuery
from voxel51.server.errors import DatabaseAway
from voxel51.server.jobs.details import jobs_with_details
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates


@pytest.fixture
def services(tmp_path, database_url):
    with open_job_services(tmp_path, database_url) as built:
        yield built


@pytest.fixture
def job_id(services):
    return services.submit(services.accounts.create_user("alice"))


JOB = jobs_with_details().where(jobs.c.id == bindparam("job_id"))


def test_row_is_the_one_that_sqlalchemy_selects(services, job_id):
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    services.put_output(attempt)
    services.reports.report_metadata(attempt, {"frame_count": 7, "duration_seconds": 1.5, "size_bytes": 2**40})

    with services.database.read() as connection:
        prepared = PreparedQuery(JOB).first(connection, job_id=job_id)
        [row] = connection.execute(JOB, {"job_id": job_id}).mappings()

    assert prepared == dict(row)
    assert {name: type(value) for name, value in prepared.items()} == {name: type(row[name]) for name in row}


def test_parameters_and_constants_are_converted_as_the_columns_declare(services, job_id):
    earlier = dates.now() - timedelta(hours=1)
    submitted = select(jobs.c.id).where(jobs.c.upload_date > bindparam("since"), jobs.c.expiration_date > earlier)
    submitted_since = PreparedQuery(submitted)

    with services.database.read() as connection:
        assert submitted_since.first(connection, since=earlier) == {"id": job_id}
        assert submitted_since.first(connection, since=dates.now() + timedelta(hours=1)) is None


def test_query_sees_what_its_transaction_has_written(services, job_id):
    with services.database.read() as connection:
        row = dict(connection.execute(select(jobs)).mappings().one())
    by_name = PreparedQuery(select(jobs.c.id).where(jobs.c.name == bindparam("name")))

    with services.database.write() as connection:
        connection.execute(insert(jobs).values({**row, "id": "another", "name": "new"}))
        with services.database.read() as same:
            assert by_name.first(same, name="new") == {"id": "another"}


def test_failure_of_the_driver_is_raised_as_sqlalchemy_raises_it(services, job_id):
    with services.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE attempts RENAME TO others")
    with pytest.raises(DBAPIError, match="attempts") as raised, services.database.read() as connection:
        PreparedQuery(JOB).first(connection, job_id=job_id)
    assert job_id not in str(raised.value)


def test_lost_connection_is_an_outage_and_is_replaced(postgresql, caplog):
    database = Database(postgresql.database())
    one = PreparedQuery(select(literal(1).label("number")))
    with database.read() as connection:
        lost: Any = connection.connection.driver_connection

    with pytest.raises(DatabaseAway), database.read() as connection:
        assert connection.connection.driver_connection is lost
        lost.close()
        one.first(connection)
    with database.read() as connection:
        assert one.first(connection) == {"number": 1}
    assert {record.name for record in caplog.records} == {"voxel51.server.database.outages"}
    database.close()
