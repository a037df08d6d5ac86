"""Runs that reuse results: a repeated run computes only what changed, for its owner and for users of an application."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.reused_results import ReusedResults
from voxel51.server.jobs.tables import job_run_keys, jobs
from voxel51.wire import dates


@pytest.fixture
def film(services):
    """Return a function that gives a user the same bytes, under a name."""
    return lambda user, name="film.mp4": {"video": {"data-id": services.add_data(user, b"the same film", name)}}


def end_all(site):
    """Run all jobs until none can be claimed; return how many."""
    count = 0
    while done := site.end_jobs():
        count += done
    return count


def reused(run):
    return {step["name"]: step["reused"] for step in run["steps"] if step["reused"] is not None}


def test_repeated_run_computes_only_what_changed(site, services, alice, film):
    site.start(alice, inputs=film(alice))
    assert end_all(site) == 3

    changed = site.start(alice, inputs=film(alice), parameters={"level": 5}, reuse_result=True)

    assert reused(changed) == {"shots": "owner", "text": "owner"}
    assert site.states(alice, changed) == {"shots": "COMPLETE", "faces": "QUEUED", "text": "COMPLETE"}
    assert end_all(site) == 1  # it takes the output of a copy
    assert site.runs.details(alice, changed["id"])["state"] == "COMPLETE"

    same = site.start(alice, inputs=film(alice), reuse_result=True)
    assert (same["state"], same["progress"], len(reused(same))) == ("COMPLETE", 1, 3)
    for output in same["outputs"].values():
        assert b"".join(services.storage.read(services.jobs.output(alice.id, output).key)) == b"{}"

    assert reused(site.start(alice, inputs=film(alice))) == {}
    assert end_all(site) == 3


def test_expired_result_is_computed_again_with_the_steps_that_take_it(site, services, alice, film):
    first = site.start(alice, inputs=film(alice))
    end_all(site)
    with services.database.write() as connection:
        shots = jobs.c.id == first["steps"][0]["job_id"]
        connection.execute(update(jobs).where(shots).values(expiration_date=dates.now() - timedelta(seconds=1)))

    again = site.start(alice, inputs=film(alice), reuse_result=True)

    assert reused(again) == {}
    assert end_all(site) == 3


def test_retry_reuses_what_another_run_computed_meanwhile(site, alice, film):
    failed = site.start(alice, inputs=film(alice), reuse_result=True)
    site.end_jobs("FAILED", "no video stream")
    site.start(alice, inputs=film(alice))
    assert end_all(site) == 3

    retried = site.runs.retry(alice, failed["id"])

    assert retried["state"] == "COMPLETE"
    assert len(reused(retried)) == 3


def test_copies_are_deleted_if_the_run_is_not_recorded(site, services, alice, film):
    first = site.start(alice, inputs=film(alice))
    end_all(site)
    before = services.keys("outputs/")

    def refuse(_connection, _run_id):
        raise BadRequest("no longer due")

    with pytest.raises(BadRequest, match="no longer due"):
        new = {"inputs": film(alice), "reuse_result": True}
        site.runs.start(alice, first["pipeline_id"], new, within=refuse)

    assert services.keys("outputs/") == before
    assert len(site.runs.export(alice)) == 1


def test_single_job_that_takes_the_output_of_a_step_reuses_the_result(site, services, alice, film):
    run = site.start(alice, inputs=film(alice))
    end_all(site)
    inputs = {**film(alice), "frames": {"job-id": run["steps"][0]["job_id"]}}
    request = {"analytic": "voxel51/find", "inputs": inputs, "reuse_result": True}

    same, other = (
        services.jobs.submit(alice, json.dumps({**request, "parameters": {"level": level}}).encode(), "x", True, None)
        for level in (2, 7)
    )

    assert (same["state"], same["reused"]) == ("COMPLETE", "owner")
    assert (other["state"], other["reused"]) == ("QUEUED", None)


class Application:
    """An application that shares results, and two of its users."""

    def __init__(self, services):
        self.service = ApplicationService(services.database)
        self.record = self.service.create("acme")
        self.ann, self.ben = (self.service.create_user(self.record, name) for name in ("ann", "ben"))
        self.share(True)

    def share(self, enabled):
        self.service.share_results(self.record, COMMAND_LINE, enabled=enabled)


@pytest.fixture
def acme(services):
    return Application(services)


def test_users_of_an_application_share_the_results_of_all_steps(site, acme, film):
    site.start(acme.ann, inputs=film(acme.ann))
    end_all(site)

    assert reused(site.start(acme.ben, inputs=film(acme.ben, "other.mp4"), reuse_result=True)) == {}
    site.runs.cancel(acme.ben, site.runs.export(acme.ben)[0]["id"])
    shared = site.start(acme.ben, inputs=film(acme.ben), reuse_result=True)

    assert reused(shared) == {"shots": "application", "faces": "application", "text": "application"}
    assert shared["state"] == "COMPLETE"


def test_copy_that_is_withdrawn_at_the_last_moment_is_not_used(site, services, acme, film, monkeypatch):
    site.start(acme.ann, inputs=film(acme.ann))
    end_all(site)
    copied = ReusedResults._copied

    def slow(self, source):
        writer = copied(self, source)
        if len(services.keys("outputs/")) == 6:  # all three steps have a copy
            acme.share(False)
        return writer

    monkeypatch.setattr(ReusedResults, "_copied", slow)
    run = site.start(acme.ben, inputs=film(acme.ben), reuse_result=True)

    assert reused(run) == {}
    assert len(services.keys("outputs/")) == 3
    with services.database.read() as connection:
        of_ben = select(job_run_keys.c.shared_key).where(job_run_keys.c.owner_id == acme.ben.id)
        keys = connection.execute(of_ben).scalars().all()
    assert sum(key is not None for key in keys) == 1  # of the first step, whose only input is the file
    assert end_all(site) == 3
