"""Reused results: a new job gets a copy of an equal result of its owner, or of users of its application.

On SQLite and PostgreSQL. Most tests are attempts to get a result that must not be shared.
"""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, select, update

from support.job_batches import ANALYTIC, BatchTestServices
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import users
from voxel51.server.analytics.tables import analytics
from voxel51.server.errors import BadRequest
from voxel51.server.events.tables import events
from voxel51.server.jobs.analytic_facts import measured_cost
from voxel51.server.jobs.result_cache import is_shareable
from voxel51.server.jobs.reused_results import ReusedResults
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.usage.tables import usage_entries
from voxel51.wire import dates

FILM = b"the same film"


class Sharing:
    """An application that shares results, another one that does too, and their users."""

    def __init__(self, services):
        self.services = services
        self.batches = BatchTestServices(services)
        self.applications = ApplicationService(services.database)
        self.acme, self.globex = (self.applications.create(name) for name in ("acme", "globex"))
        self.share(True)
        self.applications.share_results(self.globex, COMMAND_LINE, enabled=True)
        self.ann, self.ben = (self.applications.create_user(self.acme, name) for name in ("ann-quist", "ben"))
        self.eve = self.applications.create_user(self.globex, "eve")

    def share(self, enabled):
        self.applications.share_results(self.acme, self.acme, enabled=enabled)

    def submit(self, user, content=FILM, name="film.mp4", *, reuse=True, parameters=None, auto_start=True, **more):
        data_id = self.services.add_data(user, content, name)
        request = {"analytic": ANALYTIC, "inputs": {"video": {"data-id": data_id}}, "parameters": parameters or {}}
        document = {**request, "reuse_result": reuse}
        return self.services.jobs.submit(user, json.dumps(document).encode(), "a job", auto_start, None, **more)

    def compute(self, user, **given):
        """Submit a job and run it; return its id."""
        record = self.submit(user, reuse=False, **given)
        assert self.batches.end_jobs() == 1
        return record["id"]

    def output(self, user, job_id):
        return b"".join(self.services.storage.read(self.services.jobs.output(user.id, job_id).key))

    def row(self, table, **chosen):
        conditions = [table.c[name] == value for name, value in chosen.items()]
        with self.services.database.read() as connection:
            return connection.execute(select(table).where(*conditions)).all()

    def change(self, statement):
        with self.services.database.write() as connection:
            connection.execute(statement)


@pytest.fixture
def sharing(services):
    return Sharing(services)


def test_second_user_gets_a_complete_job_with_a_copy(sharing):
    services = sharing.services
    first = sharing.compute(sharing.ann)

    record = sharing.submit(sharing.ben)

    assert (record["state"], record["reused"], record["frame_count"]) == ("COMPLETE", "application", 60)
    assert record["start_date"] == record["completion_date"]
    assert services.attempts.claim(10) == []
    assert sharing.output(sharing.ben, record["id"]) == sharing.output(sharing.ann, first) == b"{}"
    assert len(services.keys("outputs/")) == 2
    recorded = sorted(sharing.row(events, job_id=record["id"]), key=lambda row: row.id)
    assert [row.name for row in recorded] == ["job_queued", "job_scheduled", "job_running", "job_complete"]
    [entry] = [row for row in sharing.row(usage_entries, owner_id=sharing.ben.id) if row.failure_type is not None]
    assert (entry.failure_type, entry.started_at) == ("NONE", entry.at)
    [attempt] = sharing.row(attempts, job_id=record["id"])
    assert attempt.ended_at is not None


def test_nothing_of_the_copy_names_the_other_user(sharing):
    first = sharing.compute(sharing.ann)
    [data_id] = [each["data-id"] for each in sharing.services.jobs.request(sharing.ann, first)["inputs"].values()]
    job_id = sharing.submit(sharing.ben)["id"]

    services = sharing.services
    shown = json.dumps([
        services.jobs.details(sharing.ben, job_id),
        services.jobs.record(sharing.ben, job_id),
        services.jobs.request(sharing.ben, job_id),
        services.jobs.status(sharing.ben, job_id),
        services.jobs.export(sharing.ben),
        [dict(row.document) for row in sharing.row(events, job_id=job_id)],
    ])  # fmt: skip
    stored = repr([sharing.row(jobs, id=job_id), sharing.row(attempts, job_id=job_id)])

    for secret in (first, data_id, sharing.ann.id, sharing.ann.name):
        assert secret not in shown
        assert secret not in stored
    assert services.jobs.status(sharing.ben, job_id)["state"] == "COMPLETE"
    with pytest.raises(Exception, match="not found"):
        services.jobs.output(sharing.ben.id, first)


def test_copy_stays_when_the_first_user_is_deleted_and_serves_the_next_one(sharing):
    sharing.compute(sharing.ann)
    job_id = sharing.submit(sharing.ben)["id"]
    assert sharing.services.jobs.delete_all(sharing.ann)
    third = sharing.applications.create_user(sharing.acme, "third")

    assert sharing.output(sharing.ben, job_id) == b"{}"
    assert sharing.submit(third)["reused"] == "application"
    assert sharing.services.jobs.delete_all(sharing.ben)
    assert sharing.services.jobs.delete_all(third)
    assert sharing.services.keys("outputs/") == set()


REFUSED = {
    "no reuse requested": {"reuse": False},
    "another file": {"content": FILM + b"."},
    "another name, which outputs may contain": {"name": "other.mp4"},
    "other parameters": {"parameters": {"level": 2}},
    "not started": {"auto_start": False},
    "held until a date": {"scheduling": json.dumps({"not_before": "2999-01-01T00:00:00Z"})},
}


@pytest.mark.parametrize("given", REFUSED.values(), ids=REFUSED)
def test_other_jobs_are_computed(sharing, given):
    sharing.compute(sharing.ann)

    record = sharing.submit(sharing.ben, **given)

    assert (record["state"] in {"QUEUED", "READY"}, record["reused"]) == (True, None)
    assert len(sharing.services.keys("outputs/")) == 1


def test_users_outside_the_application_get_nothing(sharing, alice):
    sharing.compute(sharing.ann)
    sharing.compute(alice)

    for stranger in (sharing.eve, User(alice.id, alice.name)):
        fresh = sharing.submit(stranger, reuse=False)
        assert fresh["state"] == "QUEUED"
    assert sharing.submit(sharing.eve)["state"] == "QUEUED"


def test_result_is_shared_only_while_the_application_opts_in_at_both_ends(sharing):
    sharing.share(False)
    sharing.compute(sharing.ann)
    assert sharing.submit(sharing.ben)["state"] == "QUEUED"
    assert sharing.batches.end_jobs() == 1

    sharing.share(True)  # results from before stay private
    third = sharing.applications.create_user(sharing.acme, "third")
    assert sharing.submit(third)["state"] == "QUEUED"
    assert sharing.batches.end_jobs() == 1

    fourth, fifth = (sharing.applications.create_user(sharing.acme, name) for name in ("fourth", "fifth"))
    assert sharing.submit(fourth)["reused"] == "application"
    sharing.share(False)
    assert sharing.submit(fifth)["state"] == "QUEUED"


def _expire(sharing, job_id):
    with sharing.services.database.write() as connection:
        past = dates.now() - timedelta(seconds=1)
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(expiration_date=past))


def _expire_and_sweep(sharing, job_id):
    _expire(sharing, job_id)
    assert sharing.services.jobs.expire() == 1


def _fail(sharing, job_id):
    sharing.change(update(jobs).where(jobs.c.id == job_id).values(state="FAILED"))


def _lose_file(sharing, job_id):
    sharing.services.storage.delete(sharing.services.jobs.output(sharing.ann.id, job_id).key)


def _damage_file(sharing, job_id):
    sharing.change(update(attempts).where(attempts.c.job_id == job_id).values(output_sha256="0" * 64))


def _delete_account(sharing, _job_id):
    sharing.change(update(users).where(users.c.id == sharing.ann.id).values(deleted_at=dates.now()))


def _forget_job(sharing, job_id):
    sharing.change(delete(jobs).where(jobs.c.id == job_id))


def _replace_analytic(sharing, _job_id):
    sharing.change(update(analytics).where(analytics.c.name == ANALYTIC).values(version="9.9"))


@pytest.mark.parametrize(
    "spoil",
    [_expire, _expire_and_sweep, _fail, _lose_file, _damage_file, _delete_account, _forget_job, _replace_analytic],
)
def test_result_that_is_gone_is_computed_again(sharing, spoil):
    spoil(sharing, sharing.compute(sharing.ann))
    before = sharing.services.keys("outputs/")

    record = sharing.submit(sharing.ben)

    assert (record["state"], record["reused"]) == ("QUEUED", None)
    assert sharing.services.keys("outputs/") <= before
    assert sharing.batches.end_jobs() == 1
    assert sharing.services.jobs.record(sharing.ben, record["id"])["state"] == "COMPLETE"


def test_failed_run_never_blocks_another_try(sharing):
    failed = sharing.submit(sharing.ann)["id"]
    sharing.batches.end_jobs("FAILED", "ANALYTIC")

    assert sharing.submit(sharing.ann)["state"] == "QUEUED"
    assert sharing.submit(sharing.ben)["state"] == "QUEUED"
    assert sharing.batches.end_jobs() == 2
    assert sharing.services.jobs.record(sharing.ann, failed)["state"] == "FAILED"
    assert sharing.submit(sharing.ann)["reused"] == "owner"


def test_opting_out_while_the_file_is_copied_counts(sharing, monkeypatch):
    sharing.compute(sharing.ann)
    copied = ReusedResults._copied

    def slow(self, source):
        writer = copied(self, source)
        sharing.share(False)
        return writer

    monkeypatch.setattr(ReusedResults, "_copied", slow)

    assert sharing.submit(sharing.ben)["state"] == "QUEUED"
    assert len(sharing.services.keys("outputs/")) == 1


def test_copy_is_deleted_with_the_transaction_that_would_record_it(sharing):
    sharing.compute(sharing.ann)
    data_id = sharing.services.add_data(sharing.ben, FILM, "film.mp4")
    request = {"analytic": ANALYTIC, "inputs": {"video": {"data-id": data_id}}, "parameters": {}}

    def refuse(_connection, _job_id):
        raise BadRequest("no longer waiting")

    with pytest.raises(BadRequest, match="no longer"):
        sharing.services.jobs.submission.submit(sharing.ben, request, "a job", True, within=refuse, reuse=True)

    assert len(sharing.services.keys("outputs/")) == 1
    assert sharing.row(jobs, owner_id=sharing.ben.id) == []


def test_own_result_is_copied_on_request_without_an_application(sharing, alice):
    first = sharing.compute(alice)

    record = sharing.submit(alice, name="renamed.mp4")

    assert (record["state"], record["reused"]) == ("COMPLETE", "owner")
    assert record["id"] != first
    assert sharing.submit(alice, reuse=False)["state"] == "QUEUED"


def test_own_result_under_another_name_is_not_shared_by_the_new_name(sharing):
    sharing.compute(sharing.ann, name="merger-talks.mp4")
    assert sharing.submit(sharing.ann, name="film.mp4")["reused"] == "owner"  # whose labels say merger-talks.mp4

    assert sharing.submit(sharing.ben, name="film.mp4")["state"] == "QUEUED"
    assert sharing.submit(sharing.ben, name="merger-talks.mp4")["reused"] == "application"


def test_expired_data_of_the_caller_is_refused(sharing):
    sharing.compute(sharing.ann)
    data_id = sharing.services.add_data(sharing.ben, FILM, "film.mp4")
    sharing.services.data.delete(sharing.ben, [data_id])
    request = {"analytic": ANALYTIC, "inputs": {"video": {"data-id": data_id}}, "reuse_result": True}

    with pytest.raises(BadRequest, match="not found"):
        sharing.services.jobs.submit(sharing.ben, json.dumps(request).encode(), "a job", True, None)


@pytest.mark.parametrize(
    ("changes", "is_shared"),
    [
        ({}, True),
        ({"scope": "application", "owner": "application:acme"}, True),
        ({"scope": "application", "owner": "application:globex"}, False),
        ({"scope": "user", "owner": "user:ben"}, False),
        ({"document": {"extensions": {"secrets": {"KEY": "of a service"}}}}, False),
        ({"document": {"extensions": {"network": {"hosts": ["example.org"]}}}}, False),
    ],
)
def test_only_results_that_depend_on_files_and_parameters_alone_are_shared(changes, is_shared):
    analytic = SimpleNamespace(**{"scope": "public", "owner": "platform", "document": {}, **changes})

    assert is_shareable(analytic, User("1", "ben", "acme")) is is_shared


def test_batch_items_get_copies_unless_it_is_fresh(sharing):
    sharing.compute(sharing.ann)
    batches, ben = sharing.batches, sharing.ben
    ids = [sharing.services.add_data(ben, content, "film.mp4") for content in (FILM, b"new")]

    fresh = batches.create(ben, ids, fresh=True)
    batches.advance()
    assert batches.counts(ben, fresh) == {"active": 2}
    batches.service.cancel(ben, fresh["id"])

    batch = batches.create(ben, ids)
    batches.advance()
    assert batches.counts(ben, batch) == {"reused": 1, "active": 1}
    [reused] = batches.items(ben, batch, state="REUSED")
    assert sharing.output(ben, reused["job_id"]) == b"{}"
    batches.end_jobs()
    batches.advance()
    assert batches.service.details(ben, batch["id"])["state"] == "ENDED"


def test_copies_do_not_count_as_measurements(sharing):
    sharing.compute(sharing.ann)
    with sharing.services.database.read() as connection:
        [row] = connection.execute(select(jobs).where(jobs.c.owner_id == sharing.ann.id)).all()
        before = measured_cost(connection, row.analytic_id)
    sharing.submit(sharing.ben)

    with sharing.services.database.read() as connection:
        assert measured_cost(connection, row.analytic_id) == before
    assert before["jobs"] == 1


@pytest.mark.parametrize("value", ["yes", 1, [], {}])
def test_invalid_option_is_named(sharing, value):
    request = {"analytic": ANALYTIC, "inputs": {}, "reuse_result": value}

    with pytest.raises(BadRequest, match="reuse_result must be true or false"):
        sharing.services.jobs.submit(sharing.ben, json.dumps(request).encode(), "a job", True, None)
