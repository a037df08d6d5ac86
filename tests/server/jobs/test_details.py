"""Job details: fields beyond the row of a job, in details and, by name, in lists."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.data.tables import data
from voxel51.server.database.search import Query
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.query import JOBS_FIELDS, JOBS_FURTHER_FIELDS


def report(services, attempt, **document):
    services.reports.put_status(attempt.id, json.dumps(document))


def started(services, job_id, seconds_ago):
    with services.database.write() as connection:
        values = {"start_date": dates.now() - timedelta(seconds=seconds_ago)}
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


def test_details_of_a_running_job_have_progress_and_remaining_time(services, alice):
    job_id = services.submit(alice)
    assert [services.jobs.details(alice, job_id)[name] for name in ("progress", "eta_seconds")] == [None, None]
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    started(services, job_id, 30)
    report(services, attempt, progress={"fraction": 0.25, "frames_done": 5, "frames_total": 20, "message": "half way"})

    job = services.jobs.details(alice, job_id)

    assert job["progress"] == {"fraction": 0.25, "frames_done": 5, "frames_total": 20, "message": "half way"}
    assert job["eta_seconds"] == pytest.approx(90, abs=10)


@pytest.mark.parametrize("fraction", [0, -1, 1.5, "half", None, 1e400, 10**400])
def test_invalid_fraction_gives_no_remaining_time(services, alice, fraction):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    report(services, attempt, progress={"fraction": fraction})

    assert services.jobs.details(alice, job_id)["eta_seconds"] is None


def test_failure_message_is_the_platforms_or_else_the_attempts_last(services, alice):
    killed = services.submit(alice)
    services.act("kill", alice, killed)
    failed = services.submit(alice)
    _, attempt = services.claim()
    report(services, attempt, messages=[{"message": "Task started"}, {"message": "the video has no frames"}])
    assert services.jobs.details(alice, failed)["failure_message"] is None
    services.reports.report_state(attempt, "FAILED", "USER")

    messages = [services.jobs.details(alice, job_id)["failure_message"] for job_id in (killed, failed)]

    assert messages == ["Killed by its owner", "the video has no frames"]


def test_inputs_have_filenames_while_their_data_exists(services, alice):
    job_id = services.submit(alice)
    [given] = services.jobs.details(alice, job_id)["inputs"]
    assert (given["name"], given["filename"]) == ("video", "video.mp4")
    services.data.delete(alice, [given["data_id"]])

    assert services.jobs.details(alice, job_id)["inputs"] == [{**given, "filename": None}]


def test_list_has_further_fields_only_if_they_are_named(services, alice, bob):
    ids = [services.submit(alice) for _ in range(3)]
    services.submit(bob)

    assert [set(job) for job in services.jobs.query(alice, Query())["jobs"]] == [set(JOBS_FIELDS)] * 3
    listed = services.jobs.query(alice, Query(fields=("analytic", "name", "queue_position", "nothing"), limit=2))
    assert listed["count"] == 3
    assert [set(job) for job in listed["jobs"]] == [{"analytic", "name", "queue_position"}] * 2
    whole = services.jobs.query(alice, Query(fields=(*JOBS_FIELDS, *JOBS_FURTHER_FIELDS)))["jobs"]
    assert whole == [services.jobs.details(alice, job_id) for job_id in reversed(ids)]


def test_application_sees_the_queue_positions_of_all_its_users(services, alice):
    applications = ApplicationService(services.database)
    acme = applications.create("acme")
    users = [applications.create_user(acme, name) for name in ("one", "two")]
    others = services.submit(alice)
    ids = [services.submit(user) for user in users for _ in range(2)]
    fields = ("id", "queue_position", "inputs")

    listed = {job["id"]: job for job in services.jobs.query_of_application(acme, Query(fields=fields))["jobs"]}

    assert set(listed) == {*ids}
    places = {job["queue_position"] for job in listed.values()}
    assert places | {services.jobs.details(alice, others)["queue_position"]} == {1, 2, 3, 4, 5}
    assert all(job["inputs"][0]["filename"] == "video.mp4" for job in listed.values())


def test_page_of_details_takes_as_many_statements_as_one_job(services, alice):
    for _ in range(20):
        services.submit(alice)
    database = services.database
    asked = []

    def counted(limit):
        asked.clear()
        services.jobs.query(alice, Query(fields=(*JOBS_FIELDS, *JOBS_FURTHER_FIELDS), limit=limit))
        return len(asked)

    event.listen(database.engine, "before_cursor_execute", lambda *_: asked.append(1))
    assert counted(20) <= counted(1) + 1


def test_short_details_are_the_same_at_once(services, alice, bob):
    job_id = services.submit(alice, auto_start=False)
    _, attempt = services.submit(alice), services.claim()[1]
    services.reports.report_state(attempt, "RUNNING", None)
    report(services, attempt, messages=[{"message": "Task started"}], progress={"frames_done": 5})

    for each in (job_id, attempt.job_id):
        assert services.jobs.details_at_once(alice, each) == services.jobs.details(alice, each)
        assert services.jobs.details_at_once(bob, each) is None


def test_details_that_take_longer_are_not_made_at_once(services, alice):
    queued = services.submit(alice)
    assert services.jobs.details_at_once(alice, queued) is None
    _, attempt = services.claim()
    assert services.jobs.details_at_once(alice, queued) is None  # what a claimed job waits for takes longer as well
    services.reports.report_state(attempt, "RUNNING", None)
    assert services.jobs.details_at_once(alice, queued) is not None
    report(services, attempt, messages=[{"message": "a frame was skipped"}] * 1000)
    assert services.jobs.details_at_once(alice, queued) is None


def test_each_input_has_the_name_of_its_own_file(services, alice):
    first, second, others = (services.submit(user) for user in (alice, alice, services.accounts.create_user("carol")))
    with services.database.write() as connection:
        given = {each: services.jobs.details(alice, each)["inputs"][0]["data_id"] for each in (first, second)}
        connection.execute(update(data).where(data.c.id == given[second]).values(name='it\'s "this".mp4'))
        # A reference to a file of another user, which no request can name, shows nothing of it.
        connection.execute(update(jobs).where(jobs.c.id == first).values(request=_request_of(connection, others)))

    assert services.jobs.details(alice, second)["inputs"][0]["filename"] == 'it\'s "this".mp4'
    assert services.jobs.details(alice, first)["inputs"][0]["filename"] is None


def _request_of(connection, job_id):
    return connection.execute(select(jobs.c.request).where(jobs.c.id == job_id)).scalar_one()
