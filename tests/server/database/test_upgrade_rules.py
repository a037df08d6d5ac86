"""Upgrades without downtime: processes of the version before read and write a database that the new one migrated."""

import pytest
from sqlalchemy import MetaData, Table, select

from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.migrations import upgrade

FIRST = "0028"
"""Revision since which the rules hold. Earlier migrations renamed tables, for which the platform was stopped."""


@pytest.fixture(params=["sqlite", "postgresql"])
def make_database(request, tmp_path):
    """Return a function that opens a new empty database."""
    opened = []

    def make() -> Database:
        if request.param == "sqlite":
            url = sqlite_url(tmp_path / f"{len(opened)}.sqlite")
        else:
            url = request.getfixturevalue("postgresql").empty_database()
        opened.append(Database(url))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


def tables_of(database: Database) -> dict[str, Table]:
    metadata = MetaData()
    metadata.reflect(database.engine)
    return dict(metadata.tables)


def test_old_processes_read_and_write_the_new_schema(make_database):
    old, new = make_database(), make_database()
    with old.write() as connection:
        upgrade(connection, FIRST)
    new.migrate()
    old_tables, new_tables = tables_of(old), tables_of(new)

    assert old_tables.keys() <= new_tables.keys(), "a table was removed or renamed"
    with new.read() as connection:
        for name, old_table in old_tables.items():
            connection.execute(select(*old_table.columns)).all()  # fails if a column was removed or renamed
            for column in new_tables[name].columns:
                if column.name in old_table.columns:
                    before = old_table.columns[column.name]
                    assert str(column.type) == str(before.type), f"{name}.{column.name} has another type"
                    assert column.nullable or not before.nullable, f"{name}.{column.name} must not be null any more"
                else:
                    has_value = column.nullable or column.server_default is not None
                    assert has_value, f"old processes insert into {name} without a value for {column.name}"
