import pytest

from voxel51.users.query import AnalyticsQuery, DataQuery, JobsQuery


def test_a_query_is_sent_in_the_order_of_the_contract() -> None:
    query = (
        AnalyticsQuery()
        .set_all_versions(True)
        .set_limit(5)
        .set_offset(2)
        .sort_by("upload_date")
        .add_search("name", "a b")
        .add_search_or("scope", ["public", "user"])
        .add_fields(["id", "name"])
    )

    assert list(query.to_dict().items()) == [
        ("fields", "id,name"),
        ("search", "name:a b,scope:public|user"),
        ("sort", "upload_date:desc"),
        ("offset", 2),
        ("limit", 5),
        ("all_versions", True),
    ]
    assert str(query) == (
        "fields=id%2Cname&search=name%3Aa+b%2Cscope%3Apublic%7Cuser&sort=upload_date%3Adesc&offset=2&limit=5"
        "&all_versions=True"
    )


def test_an_empty_query_is_empty() -> None:
    assert JobsQuery().to_dict() == {}


def test_unknown_fields_are_dropped_and_duplicates_kept() -> None:
    assert DataQuery().add_field("nope").add_field("id").add_field("id").fields == ["id", "id"]
    assert DataQuery().sort_by("nope").to_dict() == {}


def test_all_fields_are_the_supported_fields() -> None:
    assert JobsQuery().add_all_fields().fields == list(JobsQuery.SUPPORTED_FIELDS)


def test_search_terms_are_sent_unchanged() -> None:
    query = JobsQuery().add_search("archived", False).add_search("nope", "x").add_search_over_all_fields("zz")

    assert query.add_search_direct("state:READY|QUEUED").to_dict() == {
        "search": "archived:False,nope:x,zz,state:READY|QUEUED"
    }


@pytest.mark.parametrize(("offset", "sent"), [(0, None), (3, 3), (-1, None), ("3", None), (2.0, None), (None, None)])
def test_offsets_are_numbers_from_zero(offset: object, sent: int | None) -> None:
    assert DataQuery().set_offset(offset).to_dict().get("offset") == sent


@pytest.mark.parametrize(("limit", "sent"), [(0, None), (3, 3), (-1, None), ("3", None), (None, None), (True, True)])
def test_limits_are_numbers_from_one(limit: object, sent: int | None) -> None:
    assert DataQuery().set_limit(limit).to_dict().get("limit") == sent


def test_ascending_order() -> None:
    assert DataQuery().sort_by("name", descending=False).to_dict() == {"sort": "name:asc"}
