"""Usage reports by day and by owner, on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.data.tables import data
from voxel51.server.jobs.tables import jobs
from voxel51.server.overview.usage import UsageQuery, UsageService
from voxel51.wire import dates

ALL = UsageQuery(days=30, limit=1000, offset=0)


@pytest.fixture
def usage(services):
    return UsageService(services.database)


def change(services, table, record_id, **values):
    with services.database.write() as connection:
        connection.execute(update(table).where(table.c.id == record_id).values(values))


def noon(days_ago):
    return dates.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


def ended(services, owner, days_ago, seconds, failure_type="NONE"):
    """Create a job that took this long and ended at noon some days ago."""
    job_id, end = services.submit(owner), noon(days_ago)
    date = "completion_date" if failure_type == "NONE" else "fail_date"
    state = "COMPLETE" if failure_type == "NONE" else "FAILED"
    values = {"state": state, "failure_type": failure_type, date: end, "start_date": end - timedelta(seconds=seconds)}
    change(services, jobs, job_id, **values)
    return job_id


def of(report, username):
    return next(owner for owner in report["owners"] if owner["username"] == username)


def test_users_without_usage_are_left_out(usage, alice):
    report = usage.of_all_users(ALL)

    assert (report["owners"], report["count"], len(report["days"])) == ([], 0, 30)
    assert report["days"][-1]["date"] == dates.now().date().isoformat()
    assert {day["bytes_uploaded"] for day in report["days"]} == {0}


def test_jobs_count_for_their_owner_and_the_day_they_ended(services, usage, alice, bob):
    ended(services, alice, 1, 90.5)
    ended(services, alice, 1, 10, "USER")
    ended(services, alice, 2, 5, "PLATFORM")
    ended(services, bob, 2, 300)
    ended(services, bob, 40, 1000)
    services.submit(bob)

    report = usage.of_all_users(ALL)

    assert [owner["username"] for owner in report["owners"]] == ["bob", "alice"]
    assert of(report, "alice") == {
        "username": "alice", "application": None, "bytes": len(b"video"), "files": 3, "completed": 1, "failed": 2,
        "failures": {"USER": 1, "ANALYTIC": 0, "PLATFORM": 1}, "job_seconds": 105.5,
    }  # fmt: skip
    assert (of(report, "bob")["completed"], of(report, "bob")["job_seconds"]) == (1, 300.0)
    days = [(day["completed"], day["failed"], day["job_seconds"]) for day in report["days"][-3:-1]]
    assert days == [(1, 1, 305.0), (1, 1, 100.5)]
    assert sum(day["job_seconds"] for day in report["days"]) == 405.5


def test_killed_job_that_never_ran_has_no_job_seconds(services, usage, alice):
    services.act("kill", alice, services.submit(alice))

    owner = of(usage.of_all_users(ALL), "alice")

    assert (owner["failed"], owner["failures"]["USER"], owner["job_seconds"]) == (1, 1, 0.0)


def test_internal_jobs_do_not_count_as_usage(services, usage, alice):
    job_id = ended(services, alice, 1, 90)
    change(services, jobs, job_id, internal=True)

    assert of(usage.of_all_users(ALL), "alice")["completed"] == 0


def test_bytes_count_once_and_on_the_day_of_upload(services, usage, alice):
    services.add_data(alice, b"same")
    services.add_data(alice, b"same")
    old = services.add_data(alice, b"another one")
    change(services, data, old, upload_date=noon(3))

    report = usage.of_all_users(ALL)

    assert (of(report, "alice")["bytes"], of(report, "alice")["files"]) == (len(b"same") + len(b"another one"), 3)
    assert [day["bytes_uploaded"] for day in report["days"][-4:]] == [len(b"another one"), 0, 0, 2 * len(b"same")]


def test_owners_are_paged(services, usage, alice, bob):
    ended(services, alice, 1, 1)
    ended(services, bob, 1, 2)

    pages = [usage.of_all_users(UsageQuery(days=2, limit=1, offset=offset)) for offset in range(3)]

    assert [[owner["username"] for owner in page["owners"]] for page in pages] == [["bob"], ["alice"], []]
    assert {page["count"] for page in pages} == {2}


def test_report_of_an_application_has_its_own_users_only(services, usage, alice):
    applications = ApplicationService(services.database)
    acme, globex = (applications.create(name) for name in ("acme", "globex"))
    same_name, idle = (applications.create_user(acme, name) for name in ("alice", "idle"))
    applications.create_user(globex, "alice")
    ended(services, alice, 1, 10)
    ended(services, same_name, 1, 20)

    report = usage.of_application(acme, ALL)

    assert [(owner["username"], owner["application"]) for owner in report["owners"]] == [
        ("alice", "acme"), (idle.name, "acme"),
    ]  # fmt: skip
    assert report["owners"][0]["job_seconds"] == report["days"][-2]["job_seconds"] == 20.0
    assert sum(day["bytes_uploaded"] for day in report["days"]) == len(b"video")
    assert {(owner["username"], owner["application"]) for owner in usage.of_all_users(ALL)["owners"]} == {
        ("alice", None), ("alice", "acme"),
    }  # fmt: skip
