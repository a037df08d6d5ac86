"""Recorded usage: it equals what adding up all records gives, whatever was inserted, changed and deleted before."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from support.databases import database_with
from voxel51.server.accounts import recorded_usage as recorded
from voxel51.server.accounts.recorded_usage import (
    FILES,
    NO_DAY,
    UPLOADED,
    add_changes_to_totals,
    recorded_usage,
)
from voxel51.server.accounts.tables import usage_changes, usage_totals, users
from voxel51.server.data.tables import data
from voxel51.server.jobs.tables import jobs

START = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
OWNERS = ("alice", "bob")

owners = st.sampled_from(OWNERS)
ids = st.sampled_from("abcdefgh")
moments = st.integers(0, 4).map(lambda hours: START + timedelta(hours=12 * hours, milliseconds=hours))
keys = st.sampled_from(["x", "y", None])
ends = st.fixed_dictionaries(
    {
        "start_date": st.none() | st.just(START - timedelta(seconds=90)),
        "completion_date": st.none() | moments,
        "fail_date": st.none() | moments,
        "failure_type": st.sampled_from(["USER", "ANALYTIC", "PLATFORM"]),
        "internal": st.sampled_from([False, False, True]),
    }
)
some = st.lists(ids, min_size=1, max_size=4, unique=True)
actions = st.one_of(
    st.tuples(st.just("add data"), some, owners, keys, moments),
    st.tuples(st.just("move data"), some, keys),
    st.tuples(st.just("delete data"), some),
    st.tuples(st.just("add jobs"), some, owners, ends),
    st.tuples(st.just("change jobs"), some, ends),
    st.tuples(st.just("delete jobs"), some),
    st.tuples(st.just("merge")),
)


@pytest.fixture
def database(database_url, monkeypatch):
    monkeypatch.setattr(recorded, "_BATCH_SIZE", 3)
    with database_with(database_url, OWNERS, START) as database:
        yield database


def data_row(data_id, owner, key, moment):
    place = {"source_url": "secret"} if key is None else {"storage_key": key}
    return {"id": data_id, "owner_id": owner, "name": data_id, "size_bytes": len(owner), "upload_date": moment,
            "expiration_date": moment, "storage_key": None, "source_url": None, **place}  # fmt: skip


def job_row(job_id, owner, end):
    return {"id": job_id, "owner_id": owner, "name": job_id, "state": "COMPLETE", "archived": False,
            "upload_date": START, "expiration_date": START, "expired": False, "analytic_id": "analytic",
            "compute_mode": "BEST", "auto_start": True, "request": {}, "output_filename": "x", "attempts_lost": 0,
            **end}  # fmt: skip


def apply(database, action):
    """Apply an action by statements that change several rows at once."""
    name, *arguments = action
    if name == "merge":
        add_changes_to_totals(database)
        return
    chosen, *values = arguments
    table = data if "data" in name else jobs
    with database.write(durable=False) as connection:
        present = set(connection.execute(select(table.c.id)).scalars())
        if name.startswith("add"):
            rows = [(data_row if table is data else job_row)(each, *values) for each in chosen if each not in present]
            if rows:
                connection.execute(insert(table).values(rows))
        elif name == "move data":
            place = {"storage_key": values[0], "source_url": "secret" if values[0] is None else None}
            connection.execute(update(data).where(data.c.id.in_(chosen)).values(place))
        elif name == "change jobs":
            connection.execute(update(jobs).where(jobs.c.id.in_(chosen)).values(values[0]))
        else:
            connection.execute(delete(table).where(table.c.id.in_(chosen)))


def added_up(connection):
    """Return the usage by owner, day and kind, from all records."""
    usage, stored = Counter(), {}
    for row in connection.execute(select(data)):
        usage[row.owner_id, NO_DAY, FILES, "number"] += 1
        if row.storage_key is not None:
            stored.setdefault((row.owner_id, row.storage_key), row.size_bytes)
            day = row.upload_date.date().isoformat()
            usage[row.owner_id, day, UPLOADED, "number"] += 1
            usage[row.owner_id, day, UPLOADED, "amount"] += row.size_bytes
    for (owner, _), size in stored.items():
        usage[owner, NO_DAY, FILES, "amount"] += size
    for row in connection.execute(select(jobs).where(~jobs.c.internal)):
        for end, kind in ((row.completion_date, "NONE"), (row.fail_date, row.failure_type)):
            if end is not None:
                seconds = 0 if row.start_date is None else (end - row.start_date).total_seconds()
                usage[row.owner_id, end.date().isoformat(), kind, "number"] += 1
                usage[row.owner_id, end.date().isoformat(), kind, "amount"] += round(seconds * 1000)
    return {key: number for key, number in usage.items() if number}


def as_recorded(connection):
    rows = recorded_usage(connection, NO_DAY, "9999-12-31", lambda owner: (owner.in_(OWNERS),))
    named = {
        (row.owner_id, row.day, row.kind, name): int(getattr(row, name))
        for row in rows
        for name in ("number", "amount")
    }
    return {key: number for key, number in named.items() if number}


def test_recorded_usage_equals_the_sum_of_all_records(database):
    @settings(max_examples=80, deadline=None, derandomize=True, database=None)
    @given(st.lists(actions, max_size=12))
    def check(done):
        with database.write(durable=False) as connection:
            for table in (jobs, data):
                connection.execute(delete(table))
        for action in done:
            apply(database, action)
            with database.read() as connection:
                assert as_recorded(connection) == added_up(connection), (action, done)

    check()


def test_changes_are_added_to_the_totals_in_batches(database):
    for name in "abcde":
        apply(database, ("add data", [name], "alice", "x", START))

    assert [add_changes_to_totals(database) for _ in range(5)] == [3, 3, 3, 1, 0]

    with database.read() as connection:
        assert connection.execute(select(usage_changes)).all() == []
        totals = {(row.kind, row.number, row.amount) for row in connection.execute(select(usage_totals))}
        assert totals == {(FILES, 5, 5), (UPLOADED, 5, 25)}


def test_usage_of_a_deleted_account_is_deleted_with_it(database):
    apply(database, ("add data", ["a"], "alice", "x", START))
    add_changes_to_totals(database)
    apply(database, ("delete data", ["a"]))

    with database.write() as connection:
        connection.execute(delete(users).where(users.c.id == "alice"))

    with database.read() as connection:
        assert connection.execute(select(usage_totals)).all() == connection.execute(select(usage_changes)).all() == []
