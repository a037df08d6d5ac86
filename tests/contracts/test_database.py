"""Contract of every database: transactions, durability, concurrency."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select

from voxel51.server.accounts.tables import users
from voxel51.server.database.database import Database
from voxel51.wire import dates


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    database.migrate()
    yield database
    database.close()


def add_user(connection, name):
    connection.execute(insert(users).values(id=name, name=name, created_at=dates.now()))


def names(database):
    with database.read() as connection:
        return set(connection.execute(select(users.c.name)).scalars())


@pytest.mark.parametrize("durable", [True, False])
def test_write_is_visible_after_commit(database, durable):
    with database.write(durable) as connection, ThreadPoolExecutor() as elsewhere:
        add_user(connection, "alice")
        assert elsewhere.submit(names, database).result() == set()
    assert names(database) == {"alice"}


def test_each_read_at_once_sees_the_newest_state(database):
    def names_at_once():
        with database.read_at_once() as connection:
            return set(connection.execute(select(users.c.name)).scalars())

    assert names_at_once() == set()
    for count, name in enumerate(("alice", "bob"), 1):
        with database.write() as connection:
            add_user(connection, name)
        assert len(names_at_once()) == count


def test_nested_transaction_is_rolled_back_with_outer(database):
    with pytest.raises(RuntimeError, match="changed my mind"), database.write() as outer:
        add_user(outer, "alice")
        with database.write() as inner:
            add_user(inner, "bob")
        assert names(database) == {"alice", "bob"}
        raise RuntimeError("changed my mind")
    assert names(database) == set()


def test_failed_nested_transaction_is_rolled_back_alone(database):
    with database.write() as outer:
        add_user(outer, "alice")
        with pytest.raises(RuntimeError, match="changed my mind"), database.write() as inner:
            add_user(inner, "bob")
            raise RuntimeError("changed my mind")
    assert names(database) == {"alice"}


def test_after_commit_runs_only_after_commit(database):
    seen = []
    database.after_commit(lambda: seen.append("at once"))
    with database.write(), database.write():
        database.after_commit(lambda: seen.append("after the outer one"))
        assert seen == ["at once"]
    with pytest.raises(RuntimeError, match="changed my mind"), database.write():
        database.after_commit(lambda: seen.append("never"))
        raise RuntimeError("changed my mind")
    assert seen == ["at once", "after the outer one"]


@pytest.mark.parametrize("durable", [True, False])
def test_failed_write_is_rolled_back(database, durable):
    with pytest.raises(RuntimeError, match="changed my mind"), database.write(durable) as connection:
        add_user(connection, "alice")
        raise RuntimeError("changed my mind")
    assert names(database) == set()


def test_dates_keep_their_time_zone(database):
    moment = dates.now()
    with database.write() as connection:
        connection.execute(insert(users).values(id="a", name="a", created_at=moment))
    with database.read() as connection:
        assert connection.execute(select(users.c.created_at)).scalar_one() == moment


def test_concurrent_writers_lose_nothing(database_url, database):
    second = Database(database_url)
    failures = []

    def write(database, who):
        try:
            for number in range(25):
                with database.write(durable=False) as connection:
                    connection.execute(select(users.c.name)).all()  # reads first, as many transactions do
                    add_user(connection, f"{who}-{number}")
        except Exception as error:
            failures.append(error)

    writers = [
        threading.Thread(target=write, args=(d, f"{i}-{n}")) for i, d in enumerate((database, second)) for n in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    second.close()
    assert failures == []
    assert len(names(database)) == 2 * 4 * 25


@pytest.mark.parametrize("word", ["ÜBER", "über", "Über"])
def test_search_ignores_case_in_every_script(database, word):
    from sqlalchemy import func

    with database.write() as connection:
        add_user(connection, "Überblick")
    with database.read() as connection:
        found = connection.execute(select(users.c.name).where(func.lower(users.c.name).contains(word.lower()))).all()
    assert len(found) == 1
