"""Jobs: they belong to their owner, change state as the contract says, and expire."""

import json

import pytest

from voxel51.server.database.search import Query, Term
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.jobs.attempts import Settlement


def complete(services):
    _, attempt = services.claim()
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)
    services.attempts.settle(attempt.id, Settlement.ANALYTIC_FAILED, "exit 0", b"log")


def fail(services):
    _, attempt = services.claim()
    services.attempts.settle(attempt.id, Settlement.ANALYTIC_FAILED, "exit 1")


def nothing(_rooms):
    pass


def run(services):
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)


REACH = {
    "READY": nothing,
    "QUEUED": nothing,
    "SCHEDULED": lambda services: services.claim(),
    "RUNNING": run,
    "COMPLETE": complete,
    "FAILED": fail,
}
ALL = set(REACH)
ALLOWED = {
    "start": {"READY"},
    "delete": {"READY"},
    "kill": {"QUEUED", "SCHEDULED", "RUNNING"},
    "archive": ALL,
    "unarchive": ALL,
}


@pytest.mark.parametrize("state", REACH)
@pytest.mark.parametrize("operation", ALLOWED)
def test_operation_is_allowed_in_its_states_only(services, alice, operation, state):
    job_id = services.submit(alice, auto_start=state != "READY")
    REACH[state](services)
    assert services.jobs.details(alice, job_id)["state"] == state
    if state in ALLOWED[operation]:
        services.act(operation, alice, job_id)
    else:
        with pytest.raises(BadRequest, match=job_id):
            services.act(operation, alice, job_id)
        assert services.jobs.details(alice, job_id)["state"] == state


@pytest.mark.parametrize("operation", ["details", "request", "status", "output_url", "log_url", *ALLOWED])
def test_job_of_another_user_is_not_found(services, alice, bob, operation):
    job_id = services.submit(alice)
    with pytest.raises(NotFound, match=job_id):
        services.act(operation, bob, job_id) if operation in ALLOWED else getattr(services.jobs, operation)(bob, job_id)
    with pytest.raises(NotFound, match=job_id):
        services.act("change_lifetime", bob, job_id, {"days": "-100"})
    assert services.jobs.query(bob, Query())["count"] == 0


def test_data_of_another_user_cannot_be_analysed(services, alice, bob):
    data_id = services.add_data(alice)
    request = {"analytic": "voxel51/count", "inputs": {"video": {"data-id": data_id}}}
    with pytest.raises(BadRequest, match=data_id):
        services.jobs.submit(bob, json.dumps(request).encode(), "stolen", True, None)


@pytest.mark.parametrize(
    ("analytic", "version", "named"),
    [("voxel51/nope", None, "voxel51/nope"), ("voxel51/count", "9.9", "1.0"), ("count", None, "voxel51/count")],
)
def test_unknown_analytic_is_reported_with_the_existing_versions(services, alice, analytic, version, named):
    request = {"analytic": analytic, "version": version, "inputs": {}}
    with pytest.raises(BadRequest, match=named):
        services.jobs.submit(alice, json.dumps(request).encode(), "job", True, None)


def test_submitting_and_starting_wake_the_dispatcher(services, alice):
    job_id = services.submit(alice, auto_start=False)
    assert services.wakes == []
    services.act("start", alice, job_id)
    assert services.wakes == ["wake"]


def test_past_expiration_date_deletes_the_files_and_archives_the_job(services, alice):
    job_id = services.submit(alice)
    complete(services)
    assert services.keys("outputs") and services.keys("logs")
    services.act("change_lifetime", alice, job_id, {"days": "-100"})
    assert services.keys("outputs") | services.keys("logs") == set()
    job = services.jobs.details(alice, job_id)
    assert (job["state"], job["expired"], job["archived"]) == ("COMPLETE", True, True)
    for refused in (
        lambda: services.jobs.output(alice.id, job_id),
        lambda: services.act("unarchive", alice, job_id),
        lambda: services.act("change_lifetime", alice, job_id, {"days": "1"}),
    ):
        with pytest.raises(BadRequest, match="expired"):
            refused()


def test_running_job_does_not_expire(services, alice):
    job_id = services.submit(alice)
    services.act("change_lifetime", alice, job_id, {"days": "-100"})
    assert services.jobs.details(alice, job_id)["expired"] is False
    complete(services)
    assert services.jobs.expire() == 1
    assert services.jobs.details(alice, job_id)["expired"] is True


def test_archived_jobs_are_not_listed_but_can_be_searched(services, alice):
    kept, archived = services.submit(alice), services.submit(alice)
    services.act("archive", alice, archived)
    services.act("archive", alice, archived)
    assert [job["id"] for job in services.jobs.list_unarchived(alice)["jobs"]] == [kept]
    found = services.jobs.query(alice, Query(search=(Term("archived", ("True",)),)))
    assert [job["id"] for job in found["jobs"]] == [archived]


@pytest.mark.parametrize(
    ("query", "count", "pages"),
    [
        (Query(limit=2), 5, 2),
        (Query(limit=2, offset=4), 5, 1),
        (Query(offset=9), 5, 0),
        (Query(search=(Term(None, ("A JO",)),)), 5, 5),
        (Query(search=(Term("state", ("READY", "FAILED")),)), 0, 0),
        (Query(search=(Term("name", ("%",)),)), 0, 0),
        (Query(fields=("id", "nope"), sort=("name", False)), 5, 5),
    ],
)
def test_queries_page_and_filter(services, alice, query, count, pages):
    for _ in range(5):
        services.submit(alice)
    found = services.jobs.query(alice, query)
    assert (found["count"], len(found["jobs"])) == (count, pages)
    if query.fields:
        assert all(set(job) == {"id"} for job in found["jobs"])
