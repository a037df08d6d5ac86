"""Search for a part of a text: the database finds what Python finds, whatever the characters."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select

from voxel51.server.database.database import Database, sqlite_url
from voxel51.server.database.types import contains_text

letters = st.text("aAzZ%_/\\ éÉßẞ日\n\u0130\u0131\u017f\u212a", max_size=8)


def test_sqlite_finds_parts_of_texts_as_python_does(tmp_path):
    database = Database(sqlite_url(tmp_path / "empty.sqlite"))

    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @given(letters, letters)
    @example("\u212a2", "k")
    @example("STRASSE", "straße")
    @example("\u0130stanbul", "i")
    def check(text, part):
        with database.read() as connection:
            found = connection.execute(select(contains_text(literal(text), part))).scalar()
        assert bool(found) == (part.lower() in text.lower())

    check()
    database.close()


@pytest.mark.parametrize(
    ("text", "part", "expected"), [("A%b_C/d", "%B_c/", True), ("Axb", "a%b", False), ("É", "é", True)]
)
def test_both_databases_ignore_case_and_know_no_wildcards(database_url, text, part, expected):
    database = Database(database_url)
    with database.read() as connection:
        assert connection.execute(select(contains_text(literal(text), part))).scalar() == expected
    database.close()
