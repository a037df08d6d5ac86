"""Label totals: they equal the sum over all spans, whatever jobs ended, expired and reported again before."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from support.databases import database_with
from voxel51.server.accounts.tables import users
from voxel51.server.jobs.tables import jobs
from voxel51.server.search import label_totals
from voxel51.server.search.label_totals import (
    add_changes_to_totals,
    known_labels,
    record_change,
    spans_added_up,
)
from voxel51.server.search.tables import label_changes, label_inputs, label_spans
from voxel51.server.search.tables import label_totals as totals

START = datetime(2026, 1, 1, tzinfo=UTC)
OWNERS = ("alice", "bob")

ids = st.sampled_from("abcdef")
ranges = st.tuples(st.integers(1, 30), st.integers(0, 20)).map(lambda each: (each[0], each[0] + each[1]))
spans = st.lists(st.tuples(st.sampled_from(["car", "dog"]), ranges), max_size=5)
actions = st.one_of(
    st.tuples(st.just("submit"), ids, st.sampled_from(OWNERS), st.sampled_from(["video 1", "vidéo 2"]), st.booleans()),
    st.tuples(st.just("report"), ids, spans),
    st.tuples(st.just("complete"), ids),
    st.tuples(st.just("fail"), ids),
    st.tuples(st.just("expire"), ids),
    st.tuples(st.just("add"), st.none() | st.sampled_from(OWNERS)),
)


@pytest.fixture
def database(database_url, monkeypatch):
    monkeypatch.setattr(label_totals, "_BATCH_SIZE", 2)
    with database_with(database_url, OWNERS, START) as database:
        yield database


def job_row(job_id, owner, video, internal):
    return {"id": job_id, "owner_id": owner, "name": job_id, "state": "RUNNING", "archived": False,
            "internal": internal, "upload_date": START, "expiration_date": START, "expired": False,
            "analytic_id": "analytic", "compute_mode": "BEST", "auto_start": True, "failure_type": "NONE",
            "request": {"analytic": "voxel51/count", "inputs": {"video": {"data-id": video}}},
            "output_filename": "x", "attempts_lost": 0}  # fmt: skip


def span_row(job, label, first, last):
    return {"job_id": job.id, "owner_id": job.owner_id, "kind": "object", "label": label, "first_frame": first,
            "last_frame": last, "frame_count": last - first + 1, "seconds": (last - first + 1) / 25}  # fmt: skip


def apply(database, action):
    name, *values = action
    if name == "add":
        add_changes_to_totals(database, *values)
        return
    with database.write(durable=False) as connection:
        job = connection.execute(select(jobs).where(jobs.c.id == values[0])).first()
        if name == "submit" and job is None:
            connection.execute(insert(jobs).values(job_row(*values)))
        elif job is None:
            return
        elif name == "report":
            connection.execute(delete(label_spans).where(label_spans.c.job_id == job.id))
            for label, (first, last) in values[1]:
                connection.execute(insert(label_spans).values(span_row(job, label, first, last)))
            record_change(connection, job.owner_id, job.id)
        elif name in {"complete", "fail"} and job.state == "RUNNING":
            state = {"complete": "COMPLETE", "fail": "FAILED"}[name]
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(state=state))
        elif name == "expire" and job.state != "RUNNING":
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(expired=True))


def add_all(database):
    while add_changes_to_totals(database):
        pass


def in_total(rows):
    return {(row.label, row.kind): (row.jobs, row.spans, row.microseconds) for row in rows}


def added_up(connection, owner):
    """Return the totals of an owner, from all spans."""
    totals = {}
    for row in connection.execute(spans_added_up(jobs.c.owner_id == owner)):
        jobs_, spans_, microseconds = totals.get((row.label, row.kind), (0, 0, 0))
        added = (jobs_ + row.jobs, spans_ + row.spans, microseconds + round(row.microseconds))
        totals[row.label, row.kind] = added
    return totals


def test_totals_equal_the_sum_over_all_spans(database):
    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(st.lists(actions, max_size=25))
    def check(done):
        with database.write(durable=False) as connection:
            for table in (label_spans, label_inputs, totals, label_changes, jobs):
                connection.execute(delete(table))
        for action in done:
            apply(database, action)
        add_all(database)
        with database.read() as connection:
            for owner in OWNERS:
                assert in_total(known_labels(connection, owner, 100)) == added_up(connection, owner), done

    check()


def test_what_two_jobs_found_on_one_video_counts_once(database):
    for job_id, video in (("a", "video 1"), ("b", "video 1"), ("c", "video 2")):
        apply(database, ("submit", job_id, "alice", video, False))
        apply(database, ("report", job_id, [("car", (1, 25))]))
        apply(database, ("complete", job_id))
    add_all(database)
    with database.read() as connection:
        assert in_total(known_labels(connection, "alice", 10)) == {("car", "object"): (3, 3, 2_000_000)}

    apply(database, ("expire", "c"))
    apply(database, ("expire", "a"))
    add_all(database)

    with database.read() as connection:
        assert in_total(known_labels(connection, "alice", 10)) == {("car", "object"): (1, 1, 1_000_000)}


def test_totals_of_a_deleted_account_are_deleted_with_it(database):
    apply(database, ("submit", "a", "alice", "video 1", False))
    apply(database, ("report", "a", [("car", (1, 25))]))
    apply(database, ("complete", "a"))
    add_all(database)

    with database.write() as connection:
        connection.execute(delete(jobs))
        connection.execute(delete(users).where(users.c.id == "alice"))

    with database.read() as connection:
        assert connection.execute(select(label_inputs)).all() == []
        assert known_labels(connection, "alice", 10) == []
