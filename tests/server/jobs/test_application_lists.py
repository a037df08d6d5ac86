"""Lists of an application: the jobs and data of all its users, and of no other user, on SQLite and PostgreSQL."""

import pytest
from sqlalchemy import insert, select

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.data.tables import data
from voxel51.server.database.search import Query, Term
from voxel51.server.jobs.tables import jobs


@pytest.fixture
def applications(services):
    return ApplicationService(services.database)


def ids(page, name):
    return {record["id"] for record in page[name]}


def test_jobs_and_data_of_all_users_are_listed(services, applications, alice):
    acme, globex = (applications.create(name) for name in ("acme", "globex"))
    one, two, other = (
        applications.create_user(application, name)
        for application, name in ((acme, "one"), (acme, "two"), (globex, "one"))
    )
    submitted = {user.id: services.submit(user) for user in (one, two, other, alice)}
    with services.database.read() as connection:
        owners = {row.id: row.owner_id for row in connection.execute(select(data.c.id, data.c.owner_id))}

    for query in (Query(limit=10), Query(), Query(sort=("name", False), limit=10)):
        found = ids(services.jobs.query_of_application(acme, query), "jobs")
        assert found == {submitted[one.id], submitted[two.id]}
        found = ids(services.data.query_of_application(acme, query), "data")
        assert {owners[data_id] for data_id in found} == {one.id, two.id}
    by_id = Query(search=(Term("id", (submitted[other.id][:13],)),), limit=10)
    assert ids(services.jobs.query_of_application(globex, by_id), "jobs") == {submitted[other.id]}
    assert ids(services.jobs.query_of_application(acme, by_id), "jobs") == set()


def test_rows_of_the_version_before_are_listed_during_an_upgrade(services, applications):
    if services.database.engine.dialect.name != "postgresql":
        pytest.skip("with SQLite, there is one process")
    acme = applications.create("acme")
    user = applications.create_user(acme, "one")
    job_id = services.submit(user)
    with services.database.write() as connection:
        row = dict(connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one())
        del row["application_id"]
        connection.execute(insert(jobs).values({**row, "id": "another"}))

    assert ids(services.jobs.query_of_application(acme, Query(limit=10)), "jobs") == {job_id, "another"}
