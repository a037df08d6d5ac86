"""Pages of lists: every way to read a list returns the rows that a comparison row by row returns, in the same order."""

import base64
import itertools
import string
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from support.databases import database_with
from voxel51.server.database import listing
from voxel51.server.database.cursors import Cursor, Order
from voxel51.server.database.database import Database
from voxel51.server.database.listing import run
from voxel51.server.database.search import Holder, Query, Term
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.service import LISTING
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.wire.jobs import JobState
from voxel51.wire.query import JOBS_FIELDS

START = datetime(2026, 1, 1, tzinfo=UTC)
VISIBLE = [user_submitted]
ALICE = Holder(jobs.c.owner_id, "alice")
APPLICATION = Holder(jobs.c.application_id, "application")

moments = st.integers(0, 5).map(lambda days: START + timedelta(days=days))
names = st.text(string.ascii_lowercase[:3], min_size=1, max_size=4) | st.text("abAB%_É日", min_size=3, max_size=9)
rows = st.fixed_dictionaries(
    {
        "id": st.uuids(version=4).map(str),
        "owner_id": st.sampled_from(["alice", "alice", "alice", "bob"]),
        "application_id": st.sampled_from([None, "application"]),
        "internal": st.sampled_from([False, False, False, True]),
        "name": names,
        "state": st.sampled_from([state.value for state in JobState]),
        "archived": st.booleans(),
        "expired": st.booleans(),
        "auto_start": st.booleans(),
        "upload_date": moments,
        "expiration_date": moments,
        "start_date": st.none() | moments,
        "completion_date": st.none() | moments,
        "fail_date": st.none() | moments,
        "failure_type": st.sampled_from(["NONE", "USER"]),
        "compute_mode": st.sampled_from(["BEST", "CPU"]),
    }
)
terms = st.one_of(
    st.builds(Term, st.sampled_from(["archived", "expired", "auto_start"]),
              st.lists(st.sampled_from(["true", "False", "1"]), min_size=1, max_size=2).map(tuple)),
    st.builds(Term, st.just("state"),
              st.lists(st.sampled_from(["READY", "ed", "queued", ""]), min_size=1, max_size=2).map(tuple)),
    st.builds(Term, st.sampled_from(["name", "id", None]),
              st.lists(st.sampled_from(["a", "B", "ab", "c", "7", "ready"]), min_size=1, max_size=2).map(tuple)),
    st.builds(Term, st.sampled_from(["name", "id", None]),
              st.lists(st.text("abAB%_É日", min_size=3, max_size=5) | st.sampled_from(["aab", "4-4", "-4a", "xyz"]),
                       min_size=1, max_size=2).map(tuple)),
)  # fmt: skip
queries = st.builds(
    Query,
    search=st.lists(terms, max_size=2).map(tuple),
    sort=st.none() | st.tuples(st.sampled_from(JOBS_FIELDS), st.booleans()),
    offset=st.integers(0, 6),
    limit=st.none() | st.integers(1, 7),
)


@pytest.fixture
def database(database_url, monkeypatch):
    """Database with two users, and bounds that a few rows exceed."""
    monkeypatch.setattr(listing, "FEW", 3)
    monkeypatch.setattr(listing, "MAX_COUNT", 8)
    with database_with(database_url, ("alice", "bob"), START) as database:
        yield database


def fill(database: Database, given_rows: list[dict[str, Any]]) -> None:
    constant = {"analytic_id": "analytic", "request": {}, "output_filename": "x", "attempts_lost": 0}
    with database.write(durable=False) as connection:
        connection.execute(delete(jobs))
        if given_rows:
            connection.execute(insert(jobs), [{**row, **constant} for row in given_rows])


def matches(row: dict[str, Any], term: Term) -> bool:
    if term.field in {"archived", "expired", "auto_start"}:
        return row[term.field] in [text.lower() in {"true", "1"} for text in term.alternatives]
    fields = ("id", "name", "state") if term.field is None else (term.field,)
    return any(text.lower() in row[name].lower() for name in fields for text in term.alternatives)


def expected(given_rows: list[dict[str, Any]], query: Query, is_sqlite: bool, holder: Holder = ALICE) -> list[str]:
    """Return the ids of all matches in order, found by comparing row by row."""
    field, descending = query.sort or ("upload_date", True)
    lowest = 0 if is_sqlite else 2  # SQLite sorts rows without a value before all others, PostgreSQL behind them

    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        value = "analytic" if field == "analytic_id" else row[field]
        return ((lowest,) if value is None else (1, value)), row["id"]

    found = [row for row in given_rows if row[holder.column.name] == holder.id and not row["internal"]]
    found = [row for row in found if all(matches(row, term) for term in query.search)]
    return [row["id"] for row in sorted(found, key=place, reverse=descending)]


def test_offsets_and_cursors_return_what_a_comparison_row_by_row_returns(database):
    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(st.lists(rows, max_size=25, unique_by=lambda row: row["id"]), queries, st.sampled_from([ALICE, APPLICATION]))
    def check(given_rows, query, holder):
        fill(database, given_rows)
        whole = expected(given_rows, query, database.engine.dialect.name == "sqlite", holder)
        with database.read() as connection:
            page = run(connection, LISTING, query, VISIBLE, holder)
            end = None if query.limit is None else query.offset + query.limit
            assert [record["id"] for record in page.records] == whole[query.offset : end]
            assert (page.next_cursor is None) == (end is None or end >= len(whole))
            assert page.count == len(whole) or (not page.is_count_exact and listing.FEW < page.count < len(whole))
            assert page.next_cursor is None or page.count > query.offset + len(page.records)
            assert ids_by_cursor(connection, query, holder) == whole

    check()


def ids_by_cursor(connection: Any, query: Query, holder: Holder = ALICE) -> list[str]:
    cursor, ids = None, []
    while True:
        part = replace(query, fields=("id",), offset=0, limit=query.limit or 3, cursor=cursor)
        page = run(connection, LISTING, part, VISIBLE, holder)
        ids += [record["id"] for record in page.records]
        cursor = page.next_cursor
        if cursor is None:
            return ids


def test_each_order_and_filter_of_jobs_is_paged_by_cursor(database):
    made = [made_job(number) for number in range(20)]
    fill(database, made)
    searches = ((), (Term("archived", ("true",)),), (Term("state", ("fail",)), Term("archived", ("false",))))
    for field, descending, search in itertools.product(JOBS_FIELDS, (True, False), searches):
        query = Query(search=search, sort=(field, descending), limit=4)
        with database.read() as connection:
            found = ids_by_cursor(connection, query)
        assert found == expected(made, query, database.engine.dialect.name == "sqlite"), query


def made_job(number: int) -> dict[str, Any]:
    has_failed = number % 3 != 0
    return {
        "id": str(uuid.UUID(int=number * 7919, version=4)),
        "owner_id": "alice",
        "internal": False,
        "name": f"job {number % 4}",
        "state": "FAILED" if has_failed else "COMPLETE",
        "archived": number % 2 == 0,
        "expired": False,
        "auto_start": True,
        "upload_date": START + timedelta(hours=number // 2),
        "expiration_date": START,
        "start_date": START,
        "completion_date": None if has_failed else START + timedelta(hours=number),
        "fail_date": START + timedelta(hours=number) if has_failed else None,
        "failure_type": "NONE",
        "compute_mode": "BEST",
    }


BY_NAME = Order("name:asc", jobs.c.name, jobs.c.id, descending=False, nulls_first=True)


def test_a_cursor_is_read_as_it_was_written():
    cursor = Cursor("name:asc", "a name, with: signs", "x", 3, is_count_exact=True)
    assert Cursor.decode(cursor.encode(), BY_NAME) == cursor


@pytest.mark.parametrize(
    "document",
    ["", "[]", "{}", "null", '["name:asc","a",1,3,true]', '["name:asc",7,"x",3,true]', '["name:asc","a","x",3]',
     '["name:asc","a\\u0000","x",3,true]', '["name:asc","a",null,3,true]', '["name:asc","a","x",-1,true]',
     '["name:desc","a","x",3,true]'],
)  # fmt: skip
def test_a_cursor_that_no_page_had_is_refused(document):
    with pytest.raises(BadRequest, match="Invalid cursor"):
        Cursor.decode(base64.urlsafe_b64encode(document.encode()).decode(), BY_NAME)


@pytest.mark.parametrize("text", ["é", "a", "====", "!!"])
def test_a_cursor_that_is_no_base64_is_refused(text):
    with pytest.raises(BadRequest, match="Invalid cursor"):
        Cursor.decode(text, BY_NAME)


def test_a_cursor_and_an_offset_are_refused(database):
    cursor = Cursor("upload_date:desc", None, "x", 1, is_count_exact=True).encode()
    with database.read() as connection, pytest.raises(BadRequest, match="both"):
        run(connection, LISTING, Query(limit=2, offset=1, cursor=cursor), VISIBLE, ALICE)
