"""Text index: it finds every record whose texts contain a searched one, and stays in step with the records."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from voxel51.server.accounts.tables import users
from voxel51.server.data.records import LISTING
from voxel51.server.data.tables import data
from voxel51.server.database import listing
from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.listing import run
from voxel51.server.database.search import Holder, Query, Term, text_expression
from voxel51.server.database.text_index import TextIndex, expression_of, indexed_words, words_of
from voxel51.wire import dates

INDEX = TextIndex("data")
ALICE = Holder(data.c.owner_id, "alice")
texts = st.text("abAB %_/\\É日ß\u0130\u212a", min_size=3, max_size=12)


@pytest.fixture
def database(tmp_path):
    database = Database(sqlite_url(tmp_path / "platform.sqlite"))
    database.migrate()
    with database.write() as connection:
        for name in ("alice", "bob"):
            connection.execute(insert(users).values(id=name, name=name, created_at=dates.now()))
    yield database
    database.close()


def row(data_id, name, owner_id="alice", media_type="video/mp4", application_id=None):
    return {"id": data_id, "owner_id": owner_id, "name": name, "size_bytes": 1, "media_type": media_type,
            "upload_date": dates.now(), "expiration_date": dates.now(), "storage_key": data_id,
            "application_id": application_id}  # fmt: skip


def found(database, holder, **texts_by_field):
    """Return the ids of the candidates."""
    expression = expression_of(holder, {field: [each] for field, each in texts_by_field.items()})
    with database.read() as connection:
        return set(connection.execute(INDEX.candidates(expression)).scalars())


def test_every_text_that_contains_the_searched_one_is_a_candidate():
    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @given(texts, st.data())
    def check(whole, draw):
        start = draw.draw(st.integers(0, len(whole) - 1))
        part = whole[start : draw.draw(st.integers(start + 1, len(whole)))].swapcase()
        if part.lower() in whole.lower():
            assert words_of("alice", "name", part) <= set(indexed_words("alice", None, "name", whole).split())

    check()


def test_index_follows_insertions_changes_and_deletions(database):
    with database.write() as connection:
        connection.execute(insert(data), [row("1", "Gate north.mp4"), row("2", "gate south.mp4")])
        connection.execute(update(data).where(data.c.id == "2").values(name="harbour.mp4"))
        connection.execute(insert(data).values(row("3", "north pole.mp4")))
    assert found(database, "alice", name="GATE") == {"1"}
    assert found(database, "alice", name="harb") == {"2"}
    assert found(database, "alice", name="nor") == {"1", "3"}

    with database.write() as connection:
        connection.execute(delete(data).where(data.c.id.in_(["1", "2"])))

    assert found(database, "alice", name="nor") == {"3"}
    assert found(database, "alice", name="harb") == set()
    with database.read() as connection:
        assert connection.execute(text("SELECT record_id FROM data_texts")).scalars().all() == ["3"]


def test_a_change_that_is_rolled_back_is_not_in_the_index(database):
    with pytest.raises(RuntimeError, match="undo"), database.write() as connection:
        connection.execute(insert(data).values(row("1", "gate.mp4")))
        raise RuntimeError("undo")

    assert found(database, "alice", name="gate") == set()


def test_candidates_are_those_of_the_holder_and_the_field(database):
    with database.write() as connection:
        connection.execute(insert(data).values(row("1", "gate.mp4", media_type="text/plain")))
        connection.execute(insert(data).values(row("2", "gate.mp4", "bob", application_id="application")))
    assert found(database, "alice", name="gate") == {"1"}
    assert found(database, "bob", name="gate") == {"2"}
    assert found(database, "application", name="gate") == {"2"}
    assert found(database, "alice", type="plain") == {"1"}
    assert found(database, "alice", type="gate") == set()


@pytest.mark.parametrize(
    ("search", "is_indexed"),
    [
        ([Term("name", ("gate",))], True),
        ([Term("name", ("gate", "harbour")), Term("type", ("x",))], True),
        ([Term(None, ("gate",))], True),
        ([Term("name", ("ga",))], False),
        ([Term("name", ("gate", "ha"))], False),
        ([Term("name", ('"; DROP',))], True),
        ([Term("name", tuple(f"gate {number}" for number in range(200)))], False),
    ],
)
def test_searches_use_the_index_if_each_text_has_three_characters(database, search, is_indexed):
    assert (text_expression(LISTING, search, ALICE) is not None) == is_indexed
    with database.read() as connection:
        assert run(connection, LISTING, Query(search=tuple(search), limit=5), [], ALICE).count == 0


def test_few_candidates_are_read_by_their_ids(database):
    query = Query(search=(Term("name", ("gate",)),), limit=5)
    with database.read() as connection:
        conditions = listing._by_text(connection, LISTING, query, [], ALICE)
        statement = select(data.c.id).where(*conditions)
        compiled = statement.compile(database.engine, compile_kwargs={"literal_binds": True})
        plan = [each[-1] for each in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
    assert "SEARCH data USING INDEX sqlite_autoindex_data_1 (id=?)" in plan, plan
