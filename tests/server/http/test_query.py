"""Queries in every encoding that clients use."""

import json
import re

import pytest
from starlette.datastructures import QueryParams

from voxel51.server.data.records import LISTING
from voxel51.server.database.search import Query, Term, search_conditions
from voxel51.server.errors import BadRequest
from voxel51.server.http.openapi import _search_pattern
from voxel51.server.http.query import read_query, read_search

WANTED = Query(
    fields=("id", "name"),
    search=(Term("name", ("a b",)), Term("scope", ("public", "user"))),
    sort=("upload_date", True),
    limit=5,
    all_versions=True,
)


@pytest.mark.parametrize(
    ("query_string", "body"),
    [
        pytest.param(
            "",
            {
                "fields": "id,name",
                "search": "name:a b,scope:public|user",
                "sort": "upload_date:desc",
                "limit": 5,
                "all_versions": True,
            },
            id="JSON with joined lists",
        ),
        pytest.param(
            "",
            {
                "fields": ["id", "name"],
                "search": ["name:a b", "scope:public|user"],
                "sort": "upload_date:desc",
                "limit": "5",
                "all_versions": "True",
            },
            id="JSON with arrays",
        ),
        pytest.param(
            "fields=id%2Cname&search=name%3Aa+b%2Cscope%3Apublic%7Cuser&sort=upload_date%3Adesc&limit=5&all_versions=True",
            None,
            id="query string joined",
        ),
        pytest.param(
            "fields=id&fields=name&search=name%3Aa+b&search=scope%3Apublic%7Cuser&sort=upload_date:desc&limit=5"
            "&all_versions=true",
            None,
            id="repeated keys",
        ),
        pytest.param(
            "fields%5B0%5D=id&fields%5B1%5D=name&search%5B0%5D=name%3Aa+b&search[]=scope%3Apublic%7Cuser"
            "&sort=upload_date&limit=5&all_versions=1",
            None,
            id="brackets",
        ),
        pytest.param(
            "limit=7&fields=id,name&sort=upload_date:desc&all_versions=1",
            {"limit": 5, "search": ["name:a b,scope:public|user"]},
            id="body wins over query string",
        ),
    ],
)
def test_every_encoding_yields_the_same_query(query_string, body):
    content = b"" if body is None else json.dumps(body).encode()
    assert read_query(QueryParams(query_string), content) == WANTED


@pytest.mark.parametrize(
    ("search", "terms"),
    [
        ("zz", [Term(None, ("zz",))]),
        ("name:x:y,z", [Term("name", ("x:y",)), Term(None, ("z",))]),
        (r"name:x\,y", [Term("name", ("x,y",))]),
        (r"a\:b", [Term(None, ("a:b",))]),
        (r"name:a\|b|c\\", [Term("name", ("a|b", "c\\"))]),
        ("UPLOAD date:x", [Term("upload_date", ("x",))]),
        ("archived:False,,state:READY|", [Term("archived", ("False",)), Term("state", ("READY", ""))]),
        (":x", [Term("", ("x",))]),
    ],
)
def test_search_terms_are_split_at_unescaped_separators(search, terms):
    assert list(read_query(QueryParams(""), json.dumps({"search": search}).encode()).search) == terms


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"[1]", "JSON object"),
        (b"{", "JSON object"),
        (b'{"limit": -1}', "limit"),
        (b'{"limit": 1.5}', "limit"),
        (b'{"offset": "x"}', "'x'"),
        (b'{"offset": true}', "True"),
        (b'{"search": [1]}', "1"),
        (b'{"search": {"a": 1}}', "text"),
        (b'{"sort": "name:up"}', "name:up"),
        (b'{"all_versions": "maybe"}', "'maybe'"),
    ],
)
def test_malformed_query_is_refused_by_name(body, named):
    with pytest.raises(BadRequest, match=named.replace("[", r"\[")):
        read_query(QueryParams(""), body)


def test_zero_and_empty_values_yield_an_empty_query():
    assert read_query(QueryParams("limit=0&offset=&search=&fields="), b"{}") == Query()


def test_described_pattern_accepts_the_comparisons_that_the_server_does():
    pattern = re.compile(_search_pattern(LISTING))
    accepted = ["width:10..20", "frame_rate:29.97", "width:=25", "width:>=3|1..2", "name:a,width:<5"]
    refused = ["width:wide", "width:>1..2", "width:..2", "width:1,width:x"]

    assert [text for text in [*accepted, *refused] if pattern.fullmatch(text)] == accepted
    for text in accepted:
        for term in read_search(text):
            list(search_conditions(LISTING, [term]))
